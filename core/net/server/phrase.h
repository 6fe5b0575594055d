/* The reason phrases of RFC 9110 and RFC 6585; evhttp knows only the older ones. */
#ifndef NET_SERVER_PHRASE_H
#define NET_SERVER_PHRASE_H

/* Of an unknown status what its first digit says. */
const char *phrase_of(int status);

#endif
