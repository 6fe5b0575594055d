# cmake -DINPUT= -DOUTPUT= -DSTATE_DIR= -DWEBUI= -P conf.cmake
# Makes the gateway.conf of a package: the shipped file, with the places of the system, and without
# payments for trying things out.
file(READ ${INPUT} text)
function(replace from to)
    string(FIND "${text}" "\n${from}\n" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "${INPUT} has no line '${from}': packaging/conf.cmake must follow it")
    endif()
    string(REPLACE "\n${from}\n" "\n${to}\n" text "${text}")
    set(text "${text}" PARENT_SCOPE)
endfunction()
replace("#database = data/gateway.db" "database = ${STATE_DIR}/gateway.db")
replace("#secret_file = data/gateway.secret" "secret_file = ${STATE_DIR}/gateway.secret")
replace("#admin_socket = data/admin.sock" "admin_socket = /run/llm-gateway/admin.sock")
replace("#webui = webui/dist" "webui = ${WEBUI}")
replace("#user =" "user = llm-gateway")
replace("payments = test" "#payments = off")
file(WRITE ${OUTPUT} "${text}")
