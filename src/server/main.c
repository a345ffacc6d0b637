// The program spoke-server: `spoke serve` and `spoke admin` run it with the same words.
#include "server/serve.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    sp_fault_init();
    sp_log_init(NULL, SP_LOG_WARN, false);
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "serve") == 0)
        return srv_serve_main(argc - 2, argv + 2);
    if (strcmp(command, "admin") == 0)
        return srv_admin_main(argc - 2, argv + 2);
    if (strcmp(command, "--version") == 0) {
        printf("spoke-server %s\n", SPOKE_VERSION);
        return 0;
    }
    fprintf(stderr, "Usage: spoke serve --data DIR …, spoke admin --data DIR …\n");
    return 2;
}
