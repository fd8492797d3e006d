/* memory - bytes per connection and call, as jbz_server_memory counts them. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>

static size_t bytes(uint32_t conns) {
    return jbz_server_memory(JBZ_LIT(server_desc, .max_conns = conns, .pool = 1 << 22));
}

int main(void) {
    printf("%.1f\n", (double)(bytes(20480) - bytes(10240)) / 10240);
    return 0;
}
