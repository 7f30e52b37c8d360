/* The three calls of libaio that mysqld links, as the kernel offers them: the server's archive expects the
   distribution to bring libaio.so.1, and a fresh machine may have none. Contract: io_setup(2), io_submit(2),
   io_getevents(2); libaio's functions return -errno. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static long answer(long result) { return result < 0 ? -errno : result; }

int io_setup(unsigned events, void *context) { return answer(syscall(SYS_io_setup, events, context)); }

int io_submit(void *context, long count, void *blocks) {
  return answer(syscall(SYS_io_submit, context, count, blocks));
}

int io_getevents(void *context, long least, long most, void *events, void *timeout) {
  return answer(syscall(SYS_io_getevents, context, least, most, events, timeout));
}
