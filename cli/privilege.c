#include "cli/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/log.h"

int privilege_find(struct privilege_user *user, const char *name, struct err *e)
{
    struct passwd *entry;

    *user = (struct privilege_user){0};
    if (!name)
        return 0;
    errno = 0;
    entry = getpwnam(name);
    if (!entry)
        return err_set(e, ERR_USAGE, "--user: no such user: %s", name);
    if (entry->pw_uid == 0)
        return err_set(e, ERR_USAGE, "--user: %s has all privileges; name one that has none", name);
    if (geteuid() != 0 && entry->pw_uid != geteuid())
        return err_set(e, ERR_USAGE, "--user: only root may become %s", name);
    *user = (struct privilege_user){name, entry->pw_uid, entry->pw_gid};
    return 0;
}

/* ---- the user --------------------------------------------------------------- */

static int become(const struct privilege_user *user, struct err *e)
{
    uid_t real, effective, saved;

    if (geteuid() == 0 &&
        (initgroups(user->name, user->gid) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
         setresuid(user->uid, user->uid, user->uid) < 0))
        return err_set(e, ERR_IO, "--user: cannot become %s: %s", user->name, strerror(errno));
    if (getresuid(&real, &effective, &saved) < 0 || real != user->uid || effective != user->uid ||
        saved != user->uid || setuid(0) == 0)
        return err_set(e, ERR_IO, "--user: did not become %s for good", user->name);
    return 0;
}

/* Those a file gave us (setcap) do not go with the user. */
static int drop_capabilities(struct err *e)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* since Linux 4.3 */
    if (syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set(e, ERR_IO, "--user: cannot drop capabilities: %s", strerror(errno));
    return 0;
}

/* ---- system calls ------------------------------------------------------------ */

/* What a capture does once it runs: read, write, wait, count, end. */
static const int needed[] = {
    /* bytes */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(dup),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
    /* packets */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    /* memory */
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    /* threads and time */
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setscheduler),
    SCMP_SYS(setpriority),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrandom),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(restart_syscall),
    /* signals and the end */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* And those that make the next file of a rotation and remove the oldest. */
static const int for_files[] = {
    SCMP_SYS(openat), SCMP_SYS(open),   SCMP_SYS(unlink),    SCMP_SYS(unlinkat),
    SCMP_SYS(rename), SCMP_SYS(fchmod), SCMP_SYS(renameat2),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int allow(scmp_filter_ctx filter, const int *calls, size_t n)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return rc;
}

/* libpcap reads the interface's counters from /sys, and glibc the time zone;
 * a thread may be started, but no process; a terminal asked for its size. */
static int allow_by_argument(scmp_filter_ctx filter)
{
    static const unsigned long asks[] = {TCGETS, TIOCGWINSZ};
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY));

    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    for (size_t i = 0; rc == 0 && i < COUNT(asks); i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_EQ, asks[i]));
    return rc;
}

/* What is not on the list is answered as by a kernel that does not have it: a
 * newer C library then takes another way, which it would not after EPERM. */
static int filter_calls(enum privilege_rest rest)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int rc;

    if (!filter)
        return -1;
    rc = allow(filter, needed, COUNT(needed));
    if (rc == 0)
        rc = rest == PRIVILEGE_TO_CREATE ? allow(filter, for_files, COUNT(for_files)) : 0;
    if (rc == 0)
        rc = allow_by_argument(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}

int privilege_drop(const struct privilege_user *user, enum privilege_rest rest, struct err *e)
{
    if (!user->name)
        return 0;
    if (become(user, e) < 0 || drop_capabilities(e) < 0)
        return -1;
    if (rest != PRIVILEGE_TO_ASK && filter_calls(rest) != 0)
        log_warn("--user: this kernel cannot filter system calls; all else is dropped");
    return 0;
}
