/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest is four instructions of real mode: it writes a byte to a port and halts. The
 * child's exit status carries the answer home, so that nothing that a broken KVM does to
 * it can reach the seat.
 */
#include "config.h"
#include "client-image/seat/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_TIMEOUT_MS 5000
#define GUEST_PORT 0x80
#define GUEST_BYTE 0x50
#define GUEST_ADDRESS 0x1000u
#define PAGE_BYTES 4096u
#define MSR_ARCH_CAPABILITIES 0x10a

/* Exit statuses of the child: features with this bit, or one of the failures below. */
#define STATUS_OK 0x40

enum {
    FAIL_OPEN = 1,
    FAIL_VERSION,
    FAIL_CREATE,
    FAIL_RUN,
    FAIL_ANSWER,
};

static const char *const failures[] = {
    [FAIL_OPEN] = "there is no /dev/kvm: switch the processor's virtualisation (VT-x, "
                  "AMD-V, SVM) on in the firmware's setup",
    [FAIL_VERSION] = "/dev/kvm speaks another version",
    [FAIL_CREATE] = "/dev/kvm makes no virtual machine",
    [FAIL_RUN] = "/dev/kvm does not run a guest",
    [FAIL_ANSWER] = "a guest in /dev/kvm does not run as it should",
};

typedef struct {
    int kvm, vm, cpu;
    struct kvm_run *run;
} Guest;

/* mov $GUEST_BYTE,%al; out %al,$GUEST_PORT; hlt */
static const guint8 guest_code[] = {0xb0, GUEST_BYTE, 0xe6, GUEST_PORT, 0xf4};

static gboolean
create(Guest *guest)
{
    struct kvm_userspace_memory_region memory = {
        .guest_phys_addr = GUEST_ADDRESS,
        .memory_size = PAGE_BYTES,
    };
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int run_bytes = ioctl(guest->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

    guest->vm = ioctl(guest->kvm, KVM_CREATE_VM, 0);
    if (guest->vm < 0 || page == MAP_FAILED || run_bytes < (int) sizeof *guest->run)
        return FALSE;
    memcpy(page, guest_code, sizeof guest_code);
    memory.userspace_addr = (guint64) (guintptr) page;
    if (ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &memory) < 0)
        return FALSE;
    guest->cpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
    if (guest->cpu < 0)
        return FALSE;
    guest->run =
        mmap(NULL, (size_t) run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, guest->cpu, 0);
    return guest->run != MAP_FAILED;
}

static gboolean
set_registers(const Guest *guest)
{
    struct kvm_regs regs = {.rip = GUEST_ADDRESS, .rflags = 2};
    struct kvm_sregs sregs;

    if (ioctl(guest->cpu, KVM_GET_SREGS, &sregs) < 0)
        return FALSE;
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    return ioctl(guest->cpu, KVM_SET_SREGS, &sregs) == 0 &&
           ioctl(guest->cpu, KVM_SET_REGS, &regs) == 0;
}

static gboolean
run_until_exit(const Guest *guest)
{
    int status;

    do
        status = ioctl(guest->cpu, KVM_RUN, 0);
    while (status < 0 && errno == EINTR);
    return status == 0;
}

static gboolean
wrote_the_byte(const struct kvm_run *run)
{
    return run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
           run->io.port == GUEST_PORT &&
           *((const guint8 *) run + run->io.data_offset) == GUEST_BYTE;
}

/* QEMU gives up when KVM offers this register and then refuses it. */
static gboolean
has_arch_capabilities(const Guest *guest)
{
    /* The header ends with an array, which clang wants nothing behind. */
    _Alignas(struct kvm_msrs)
        guint8 room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)] = {0};
    struct kvm_msrs *msrs = (struct kvm_msrs *) (void *) room;

    msrs->nmsrs = 1;
    msrs->entries[0].index = MSR_ARCH_CAPABILITIES;
    return ioctl(guest->kvm, KVM_GET_MSRS, msrs) == 1 &&
           ioctl(guest->cpu, KVM_SET_MSRS, msrs) == 1;
}

static gboolean
has_hyperv(const Guest *guest)
{
    static const int wanted[] = {KVM_CAP_HYPERV,          KVM_CAP_HYPERV_TIME,
                                 KVM_CAP_HYPERV_SYNIC,    KVM_CAP_HYPERV_SYNIC2,
                                 KVM_CAP_HYPERV_VP_INDEX, KVM_CAP_HYPERV_TLBFLUSH,
                                 KVM_CAP_HYPERV_SEND_IPI};

    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (ioctl(guest->kvm, KVM_CHECK_EXTENSION, wanted[i]) <= 0)
            return FALSE;
    }
    return TRUE;
}

/* In the child: nothing here may need a lock. */
static int
probe(void)
{
    Guest guest = {.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)};
    int features = PUP_KVM_RUNS;

    if (guest.kvm < 0)
        return FAIL_OPEN;
    if (ioctl(guest.kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        return FAIL_VERSION;
    if (!create(&guest))
        return FAIL_CREATE;
    if (has_arch_capabilities(&guest))
        features |= PUP_KVM_ARCH_CAPABILITIES;
    if (has_hyperv(&guest))
        features |= PUP_KVM_HYPERV;
    if (!set_registers(&guest) || !run_until_exit(&guest))
        return FAIL_RUN;
    if (!wrote_the_byte(guest.run) || !run_until_exit(&guest) ||
        guest.run->exit_reason != KVM_EXIT_HLT)
        return FAIL_ANSWER;
    return STATUS_OK | features;
}

/* The child's exit status; FAIL_RUN when it hangs or is killed. */
static int
await(pid_t pid)
{
    struct pollfd ended = {.fd = (int) syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int status = 0;

    if (ended.fd < 0 || poll(&ended, 1, PROBE_TIMEOUT_MS) <= 0)
        kill(pid, SIGKILL);
    if (ended.fd >= 0)
        close(ended.fd);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return FAIL_RUN;
    return WEXITSTATUS(status);
}

PupKvmFeatures
pup_kvm_probe(const char **why)
{
    pid_t pid = fork();
    int status = FAIL_RUN;

    if (pid == 0)
        _exit(probe());
    if (pid > 0)
        status = await(pid);
    if (why)
        *why = NULL;
    if (status & STATUS_OK)
        return (PupKvmFeatures) (status & ~STATUS_OK);
    if (why)
        *why = failures[CLAMP(status, FAIL_OPEN, FAIL_ANSWER)];
    return 0;
}
