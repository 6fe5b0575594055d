/* Which program this is. Constants that the build writes (version.cmake); any thread. */
#ifndef APP_VERSION_H
#define APP_VERSION_H

extern const char version_number[]; /* project(VERSION) in CMakeLists.txt */
/* What `git describe` says of the commit, like "3f2a91c04b1e" or "v0.1.0-5-g3f2a91c04b1e"; with
 * "-dirty" behind it when the program's sources differ from that commit. "unknown" when the build
 * had no git or no clone. */
extern const char version_commit[];

#endif
