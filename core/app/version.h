/* The version of this program. Constants that the build writes (version.cmake); any thread. */
#ifndef APP_VERSION_H
#define APP_VERSION_H

extern const char version_number[]; /* project(VERSION) in CMakeLists.txt */
/* The output of `git describe`, like "3f2a91c04b1e" or "v0.1.0-5-g3f2a91c04b1e", with "-dirty"
 * added if the sources differ from that commit. "unknown" if the build had no git or no clone. */
extern const char version_commit[];

#endif
