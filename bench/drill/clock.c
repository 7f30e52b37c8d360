/* The clock of a drill: loaded into a process (LD_PRELOAD), it moves what the process takes for the time of day by the
   seconds in the file DRILL_CLOCK.seconds, which all processes of the stack map. As on a machine whose clock is set,
   what counts from the start of the machine (CLOCK_MONOTONIC) does not move, and who waits for a time of day waits
   for that of the clock as it is then. What the kernel itself notes, such as a file's age, keeps the real time.

   cc -shared -fPIC -O2 clock.c -o clock.so -ldl */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* A deadline by the time of day, not since the start of the machine: those are below 30 years. */
#define OF_DAY(deadline) ((deadline)->tv_sec > 1000000000)
/* How soon who waits sees a step. */
#define SLICE_NANOS 200000000

static const volatile long unmoved;
static const volatile long *moved = &unmoved;

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void map_seconds(void) {
    char path[4096];
    const char *library = getenv("DRILL_CLOCK");
    if (!library || snprintf(path, sizeof path, "%s.seconds", library) >= (int)sizeof path) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) moved = page;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int status = real(clock, now);
    if (!status && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *moved;
    return status;
}

int gettimeofday(struct timeval *now, void *zone) {
    REAL(gettimeofday);
    int status = real(now, zone);
    if (!status) now->tv_sec += *moved;
    return status;
}

time_t time(time_t *kept) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept) *kept = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *now, int base) {
    return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, now) ? base : 0;
}

/* Whether the clock shows the deadline. */
static int passed(const struct timespec *deadline) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > deadline->tv_sec || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* Set `until`, by the real clock, to the deadline or to a slice from now, whichever comes first. */
static void slice(const struct timespec *deadline, struct timespec *until) {
    until->tv_sec = deadline->tv_sec - *moved;
    until->tv_nsec = deadline->tv_nsec;
    REAL(clock_gettime);
    struct timespec end;
    real(CLOCK_REALTIME, &end);
    end.tv_nsec += SLICE_NANOS;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    if (until->tv_sec > end.tv_sec || (until->tv_sec == end.tv_sec && until->tv_nsec > end.tv_nsec)) *until = end;
}

/* Return whether a wait that ended with a slice goes on. One may end without a reason: the caller
   looks and waits again. After a step back it may not, as the caller would reckon anew, where the kernel goes on. */
static int goes_on(const struct timespec *deadline, long before) {
    return *moved < before && !passed(deadline);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
    REAL(pthread_cond_timedwait);
    if (!OF_DAY(deadline)) return real(condition, mutex, deadline);
    long before = *moved;
    struct timespec until;
    int status;
    do slice(deadline, &until);
    while ((status = real(condition, mutex, &until)) == ETIMEDOUT && goes_on(deadline, before));
    return status == ETIMEDOUT && !passed(deadline) ? 0 : status;
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *deadline) {
    REAL(cnd_timedwait);
    long before = *moved;
    struct timespec until;
    int status;
    do slice(deadline, &until);
    while ((status = real(condition, mutex, &until)) == thrd_timedout && goes_on(deadline, before));
    return status == thrd_timedout && !passed(deadline) ? thrd_success : status;
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline) {
    REAL(pthread_mutex_timedlock);
    struct timespec until;
    int status;
    do slice(deadline, &until);
    while ((status = real(mutex, &until)) == ETIMEDOUT && !passed(deadline));
    return status;
}

int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
    REAL(sem_timedwait);
    struct timespec until;
    int status;
    do slice(deadline, &until);
    while ((status = real(semaphore, &until)) && errno == ETIMEDOUT && !passed(deadline));
    return status;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left) {
    REAL(clock_nanosleep);
    if (clock != CLOCK_REALTIME || !(flags & TIMER_ABSTIME)) return real(clock, flags, wanted, left);
    struct timespec until;
    int status;
    do slice(wanted, &until);
    while (!(status = real(clock, flags, &until, left)) && !passed(wanted));
    return status;
}
