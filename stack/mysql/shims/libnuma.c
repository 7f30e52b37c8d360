/* libnuma's answer on a machine without NUMA: numa_available() is -1, after which mysqld calls nothing else here.
   Contract: numa(3). */
#include <errno.h>
#include <stddef.h>

void *numa_all_nodes_ptr = NULL;

static long absent(void) {
  errno = ENOSYS;
  return -1;
}

int numa_available(void) { return -1; }
int numa_node_of_cpu(int cpu) { (void)cpu; return absent(); }
int numa_num_configured_cpus(void) { return 1; }
void *numa_alloc_local(size_t size) { (void)size; return NULL; }
void *numa_alloc_onnode(size_t size, int node) { (void)size; (void)node; return NULL; }
void numa_free(void *memory, size_t size) { (void)memory; (void)size; }
long set_mempolicy(int mode, const unsigned long *nodes, unsigned long most) {
  (void)mode; (void)nodes; (void)most;
  return absent();
}
long mbind(void *start, unsigned long length, int mode, const unsigned long *nodes, unsigned long most,
           unsigned flags) {
  (void)start; (void)length; (void)mode; (void)nodes; (void)most; (void)flags;
  return absent();
}
