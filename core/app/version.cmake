# Writes the C source of app/version.h, unless it already says the same: each build runs this, and
# only a new version links the program again.
#   cmake -DSOURCE=/... -DNUMBER=1.2.3 -DOUTPUT=/.../version.c -P version.cmake
set(commit "unknown")
if(EXISTS "${SOURCE}/.git") # else git would describe a repository around this folder
    set(git git --no-optional-locks -C "${SOURCE}")
    execute_process(COMMAND ${git} describe --always --abbrev=12 --match "v[0-9]*"
        OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
        RESULT_VARIABLE status)
    if(status EQUAL 0)
        set(commit "${described}")
        # Not `describe --dirty`: a changed page of docs/ makes no other program.
        execute_process(COMMAND ${git} diff --quiet HEAD -- CMakeLists.txt core lua migrations
            OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE status)
        if(NOT status EQUAL 0)
            string(APPEND commit "-dirty")
        endif()
    endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[
/* Made by core/app/version.cmake. */
#include "app/version.h"

const char version_number[] = "@NUMBER@";
const char version_commit[] = "@commit@";
]])
