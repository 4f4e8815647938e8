/* A fault of each kind, each in a process that has no standard error any more,
 * as a daemon: tests/run-sanitizers is to find all three. */

#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t volatile size = 3;
static void *volatile leaked;
static int volatile number = INT_MAX;

static void
overflow(void)
{
    volatile char *block = malloc(size);

    block[size] = 'x';
    free((char *) block);
}

static void
leak(void)
{
    leaked = malloc(size);
    leaked = NULL;
}

static void
undefined(void)
{
    number += 1;
}

int
main(void)
{
    void (*const faults[])(void) = { overflow, leak, undefined };

    for (int i = 0; i < 3; i++) {
        if (!fork()) {
            close(STDERR_FILENO);
            faults[i]();
            exit(0);
        }
        wait(NULL);
    }
    return 0;
}
