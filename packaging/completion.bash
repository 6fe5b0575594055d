# Bash completion of llm-gateway. tests/lint compares it with the program's own usage.

_llm_gateway() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local commands="serve check migrate user mail key credit debit voucher ledger usage replay refund price
        catalog status top drain log-level doctor completion backup version help"
    local options="--config --set --help --version --first-run --admin --name --reason --amount --count
        --kind --group --expires --format --from --to --tz --policies --json --csv --usage --provider
        --at --service-tier --speed --region --choice --search-context --size --quality --resolution
        --output --label --mode --timeout --watch --off"
    local choices=$commands
    case $before in
    --config | --policies | --output | backup | import | diff)
        COMPREPLY=()
        compopt -o default
        return
        ;;
    mail) choices="bounced restored" ;;
    user) choices="create password second-factor unlock role" ;;
    key | voucher) choices="create" ;;
    ledger) choices="verify explain export" ;;
    usage) choices="export" ;;
    catalog) choices="import diff" ;;
    completion) choices="bash" ;;
    log-level) choices="debug info warn error" ;;
    --format) choices="csv jsonl" ;;
    --kind) choices="manual promotion" ;;
    esac
    if ((COMP_CWORD >= 3)) && [ "${COMP_WORDS[COMP_CWORD - 2]}" = role ]; then
        choices="user support billing admin"
    elif ((COMP_CWORD >= 3)) && [ "${COMP_WORDS[COMP_CWORD - 2]}" = second-factor ]; then
        choices="off"
    fi
    case $word in
    -*) choices=$options ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -F _llm_gateway llm-gateway
