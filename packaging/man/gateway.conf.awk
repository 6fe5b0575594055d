# Makes gateway.conf(5) of gateway.conf: the page and the file cannot differ. A paragraph of the file
# is comments, and then the settings that they are about: "#name = default" or "name = value".

function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/)
        text = "\\&" text
    return text
}

function setting(line, is_first,   name) {
    sub(/^#/, "", line)
    name = line
    sub(/ =.*/, "", name)
    sub(/^[a-z_]+ = ?/, "", line)
    print (is_first ? ".TP" : ".TQ")
    print "\\fB" name "\\fR = " roff(line)
}

BEGIN {
    RS = ""
    FS = "\n"
    print ".TH GATEWAY.CONF 5 \"\" \"llm\\-gateway " version "\" \"LLM Gateway\""
    print ".SH NAME\ngateway.conf \\- settings of llm\\-gateway(8)\n.SH DESCRIPTION"
}

{
    words = ""
    count = 0
    for (i = 1; i <= NF; i++) {
        if ($i ~ /^#?[a-z_0-9]+ =/) {
            settings[++count] = $i
        } else {
            line = $i
            sub(/^# ?/, "", line)
            words = words == "" ? line : words "\n" line
        }
    }
    if (count > 0 && !has_begun) {
        print ".SH SETTINGS"
        has_begun = 1
    }
    for (i = 1; i <= count; i++)
        setting(settings[i], i == 1)
    if (count == 0)
        print ".PP"
    lines = split(words, line_of, "\n")
    for (i = 1; i <= lines; i++)
        print roff(line_of[i])
}

END {
    print ".SH SEE ALSO\n.BR llm\\-gateway (8)"
}
