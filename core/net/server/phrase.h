/* The reason phrases of RFC 9110 and RFC 6585; evhttp knows only the older ones. */
#ifndef NET_SERVER_PHRASE_H
#define NET_SERVER_PHRASE_H

/* An unknown status gets the phrase of its class (its first digit). */
const char *phrase_of(int status);

#endif
