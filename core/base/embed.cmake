# Writes a C source that holds files as `struct asset` (base/asset.h). Run by the build:
#   cmake -DARRAY=lua_assets -DCOUNT=lua_asset_count -DFOLDER=/.../lua -DNAMES=a.lua,b.lua
#         -DOUTPUT=/.../lua_asset.c -P embed.cmake
string(REPLACE "," ";" names "${NAMES}")
set(data "")
set(rows "")
set(number 0)
foreach(name ${names})
    file(READ "${FOLDER}/${name}" hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR bytes "${digits} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n" lines "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," lines "${lines}")
    string(APPEND data "static const unsigned char data_${number}[] = {\n${lines}0x00};\n")
    string(APPEND rows "    {\"${name}\", (const char *)data_${number}, ${bytes}},\n")
    math(EXPR number "${number} + 1")
endforeach()
if(number EQUAL 0)
    set(rows "    {0},\n") # C has no empty arrays
endif()
file(WRITE "${OUTPUT}"
    "/* Made by core/base/embed.cmake. */\n#include \"base/asset.h\"\n\n${data}\n"
    "const struct asset ${ARRAY}[] = {\n${rows}};\nconst size_t ${COUNT} = ${number};\n")
