#include "store/faulty_disk.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

static int setting(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : otherwise;
}

int disk_step(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 11;
#else
    int step = setting("GW_DISK_STEP", 1);
    check(step > 0);
    return step;
#endif
}

int disk_first(void)
{
    return setting("GW_DISK_TURN", 0) % disk_step();
}

/* The database, SQLite's log and the ledger's journal. */
enum { IMAGES = 3 };
static const char *const image_ends[IMAGES] = {"", "-wal", "-tail"};

/* Written or cut since the last sync; data NULL: a truncation to `offset`. */
struct unsynced {
    struct unsynced *next;
    sqlite3_int64 offset;
    int bytes;
    uint8_t *data;
};

struct contents {
    uint8_t *data;
    size_t bytes, capacity;
};

/* What is on the disk for sure, and what is not. */
struct image {
    char path[160];
    struct contents synced;
    struct unsynced *first;
    struct unsynced **last;
    int losses; /* syncs that have forgotten what they could not write */
};

struct file {
    sqlite3_file base;
    struct image *image;
    sqlite3_file *real;
    int losses; /* of those, that this file has heard of */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct disk_plan plan;
static int count;
static bool armed, failed;
static void (*watcher)(void);
static __thread bool is_spared;
static struct image images[IMAGES];

static bool fails(enum disk_call call)
{
    bool yes;
    if (is_spared)
        return false;
    pthread_mutex_lock(&mutex);
    yes = armed && call == plan.call && (++count == plan.at || (plan.forever && count > plan.at));
    failed |= yes;
    pthread_mutex_unlock(&mutex);
    return yes;
}

static int code(int eio)
{
    return plan.fault == DISK_FULL ? SQLITE_FULL : eio;
}

static void watch(void)
{
    if (watcher != NULL && !is_spared)
        watcher();
}

/* ---- what is synced ---- */

static void image_add(struct image *image, const void *data, int bytes, sqlite3_int64 offset)
{
    struct unsynced *one;
    if (image == NULL)
        return;
    one = calloc(1, sizeof *one);
    check(one != NULL);
    *one = (struct unsynced){.offset = offset, .bytes = bytes};
    if (data != NULL) {
        one->data = malloc((size_t)bytes);
        check(one->data != NULL);
        memcpy(one->data, data, (size_t)bytes);
    }
    pthread_mutex_lock(&mutex);
    *image->last = one;
    image->last = &one->next;
    pthread_mutex_unlock(&mutex);
}

static void put(struct contents *to, const struct unsynced *one)
{
    size_t end = (size_t)one->offset + (size_t)one->bytes;
    if (end > to->capacity) {
        to->capacity = end * 2; /* ASan's realloc always copies */
        to->data = realloc(to->data, to->capacity);
        check(to->data != NULL);
    }
    if (end > to->bytes) {
        memset(to->data + to->bytes, 0, end - to->bytes);
        to->bytes = end;
    }
    if (one->data != NULL)
        memcpy(to->data + one->offset, one->data, (size_t)one->bytes);
    else if ((size_t)one->offset < to->bytes)
        to->bytes = (size_t)one->offset;
}

static void image_sync(struct image *image, bool lost)
{
    if (image == NULL)
        return;
    pthread_mutex_lock(&mutex);
    while (image->first != NULL) {
        struct unsynced *one = image->first;
        if (!lost)
            put(&image->synced, one);
        image->first = one->next;
        free(one->data);
        free(one);
    }
    image->last = &image->first;
    image->losses += lost;
    pthread_mutex_unlock(&mutex);
}

/* True, once for each file: something of it was lost since it was opened. */
static bool hears_of_loss(struct file *file)
{
    bool yes;
    if (file->image == NULL)
        return false;
    pthread_mutex_lock(&mutex);
    yes = file->losses != file->image->losses;
    file->losses = file->image->losses;
    pthread_mutex_unlock(&mutex);
    return yes;
}

static void image_clear(struct image *image)
{
    image_sync(image, false);
    free(image->synced.data);
    image->synced = (struct contents){0};
}

static struct image *image_of(const char *path)
{
    for (int i = 0; path != NULL && i < IMAGES; i++) {
        if (strcmp(images[i].path, path) == 0)
            return &images[i];
    }
    return NULL;
}

static void save(const char *path, const uint8_t *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    check(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
    close(fd);
}

static void image_cut(const struct image *image, const char *to, unsigned kept)
{
    struct contents left = image->synced;
    left.data = malloc(left.capacity + 1);
    check(left.data != NULL);
    if (left.bytes)
        memcpy(left.data, image->synced.data, left.bytes);
    for (const struct unsynced *one = image->first; one != NULL; one = one->next) {
        if ((unsigned)rand() % 4 < kept)
            put(&left, one);
    }
    save(to, left.data, left.bytes);
    free(left.data);
}

void disk_track(const char *path)
{
    for (int i = 0; i < IMAGES; i++) {
        image_clear(&images[i]);
        snprintf(images[i].path, sizeof images[i].path, "%s%s", path, image_ends[i]);
    }
}

void disk_cut(const char *to, unsigned kept)
{
    char path[200];
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < IMAGES; i++) {
        snprintf(path, sizeof path, "%s%s", to, image_ends[i]);
        image_cut(&images[i], path, kept);
    }
    pthread_mutex_unlock(&mutex);
}

/* ---- a file ---- */

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int rc = real->pMethods->xClose(real);
    sqlite3_free(real);
    return rc;
}

static int file_read(sqlite3_file *file, void *out, int bytes, sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    if (!fails(DISK_READ))
        return real->pMethods->xRead(real, out, bytes, offset);
    if (plan.fault != DISK_SHORT)
        return SQLITE_IOERR_READ;
    memset(out, 0, (size_t)bytes);
    real->pMethods->xRead(real, out, bytes / 2, offset);
    return SQLITE_IOERR_READ; /* SHORT_READ would say that the file ends here */
}

static int file_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    watch();
    if (!fails(DISK_WRITE)) {
        image_add(((struct file *)file)->image, data, bytes, offset);
        return real->pMethods->xWrite(real, data, bytes, offset);
    }
    if (plan.fault == DISK_SHORT)
        real->pMethods->xWrite(real, data, bytes / 2, offset);
    return code(SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 bytes)
{
    sqlite3_file *real = real_of(file);
    watch();
    if (fails(DISK_TRUNCATE))
        return code(SQLITE_IOERR_TRUNCATE);
    image_add(((struct file *)file)->image, NULL, 0, bytes);
    return real->pMethods->xTruncate(real, bytes);
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct image *image = ((struct file *)file)->image;
    (void)flags;
    watch();
    if (fails(DISK_SYNC)) {
        if (plan.fault == DISK_LOST)
            image_sync(image, true);
        hears_of_loss((struct file *)file);
        return code(SQLITE_IOERR_FSYNC);
    }
    if (hears_of_loss((struct file *)file))
        return SQLITE_IOERR_FSYNC;
    image_sync(image, false);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int at, int bytes, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), at, bytes, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ---- the disk ---- */

static int disk_open(sqlite3_vfs *self, const char *path, sqlite3_file *out, int flags, int *got)
{
    struct file *file = (struct file *)out;
    int rc;
    (void)self;
    out->pMethods = NULL;
    if (fails(DISK_OPEN))
        return code(SQLITE_CANTOPEN);
    file->real = sqlite3_malloc(real_vfs->szOsFile);
    check(file->real != NULL);
    memset(file->real, 0, (size_t)real_vfs->szOsFile);
    rc = real_vfs->xOpen(real_vfs, path, file->real, flags, got);
    if (rc != SQLITE_OK) {
        sqlite3_free(file->real);
        return rc;
    }
    file->image = image_of(path);
    file->losses = 0;
    hears_of_loss(file);
    out->pMethods = &methods;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *self, const char *path, int sync)
{
    struct image *image = image_of(path);
    (void)self;
    if (image != NULL)
        image_clear(image);
    return real_vfs->xDelete(real_vfs, path, sync);
}

void disk_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs; /* the others need no file of ours */
    vfs.zName = "faulty";
    vfs.szOsFile = sizeof(struct file);
    vfs.xOpen = disk_open;
    vfs.xDelete = disk_delete;
    for (int i = 0; i < IMAGES; i++)
        images[i].last = &images[i].first;
    check(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void disk_fail(const struct disk_plan *new_plan)
{
    pthread_mutex_lock(&mutex);
    plan = *new_plan;
    count = 0;
    failed = false;
    armed = true;
    pthread_mutex_unlock(&mutex);
}

bool disk_heal(void)
{
    bool yes;
    pthread_mutex_lock(&mutex);
    armed = false;
    yes = failed;
    pthread_mutex_unlock(&mutex);
    return yes;
}

void disk_spare(bool spared)
{
    is_spared = spared;
}

void disk_watch(void (*new_watcher)(void))
{
    watcher = new_watcher;
}
