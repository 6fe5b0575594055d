#include "app/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool privileges_find(const struct config *config, struct privileges *out, struct fault *fault)
{
    *out = (struct privileges){.change = false};
    if (config->user[0] == '\0')
        return true;
    errno = 0;
    const struct passwd *found = getpwnam(config->user);
    if (found == NULL)
        return fault_set(fault, "invalid_value", "user = %s: there is no such user", config->user);
    if (geteuid() != 0 && geteuid() != found->pw_uid)
        return fault_set(
            fault, "invalid_value",
            "user = %s: only root can become another user; start this as root or as %s",
            config->user, config->user);
    out->change = geteuid() == 0 && found->pw_uid != 0;
    out->user_id = found->pw_uid;
    out->group_id = found->pw_gid;
    snprintf(out->user, sizeof out->user, "%s", config->user);
    return true;
}

bool privileges_find_server(const struct config *config, struct privileges *out,
                            struct fault *fault)
{
    if (geteuid() == 0 && config->user[0] == '\0' && !config_listens_on_loopback(config))
        return fault_set(fault, "invalid_value",
                         "this is root, and listen = %s is no loopback address. Set user = NAME in "
                         "gateway.conf (a user made for it, who owns the folder of `database`), or "
                         "if you really mean it: user = root",
                         config->listen);
    return privileges_find(config, out, fault);
}

static bool fail(const struct privileges *privileges, struct fault *fault)
{
    return fault_set(fault, "cannot_become_user", "cannot become the user %s: %s", privileges->user,
                     strerror(errno));
}

/* The change of the effective user drops all capabilities; this raises one again. */
static bool may_bind(void)
{
    const unsigned bit = 1U << CAP_NET_BIND_SERVICE;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    data[0].effective |= data[0].permitted & bit;
    return syscall(SYS_capset, &header, data) == 0;
}

bool privileges_lend(const struct privileges *privileges, struct fault *fault)
{
    if (!privileges->change)
        return true;
    if (initgroups(privileges->user, privileges->group_id) != 0 ||
        setegid(privileges->group_id) != 0 || seteuid(privileges->user_id) != 0 || !may_bind())
        return fail(privileges, fault);
    return true;
}

bool privileges_drop(const struct privileges *privileges, struct fault *fault)
{
    uid_t user = privileges->user_id;
    gid_t group = privileges->group_id;
    if (!privileges->change)
        return true;
    bool lent = geteuid() == user; /* then the groups are set already */
    if ((!lent && initgroups(privileges->user, group) != 0) ||
        setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0)
        return fail(privileges, fault);
    if (setuid(0) == 0)
        return fault_set(fault, "cannot_become_user", "the process could become root again");
    return true;
}
