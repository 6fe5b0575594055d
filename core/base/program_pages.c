#include "base/program_pages.h"

#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

/* Only segments that cannot be written: what relocation has changed has no copy in the file. */
static void release_segment(uintptr_t base, const ElfW(Phdr) * segment)
{
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
        return;
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (base + segment->p_vaddr) & ~(page_bytes - 1);
    uintptr_t end =
        (base + segment->p_vaddr + segment->p_memsz + page_bytes - 1) & ~(page_bytes - 1);
    (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

static int release_object(struct dl_phdr_info *object, size_t unused_bytes, void *unused)
{
    (void)unused_bytes;
    (void)unused;
    if (object->dlpi_addr == getauxval(AT_SYSINFO_EHDR)) /* the kernel's own, no file */
        return 0;
    for (size_t i = 0; i < object->dlpi_phnum; i++)
        release_segment(object->dlpi_addr, &object->dlpi_phdr[i]);
    return 0;
}

void program_pages_release(void)
{
    (void)dl_iterate_phdr(release_object, NULL);
}
