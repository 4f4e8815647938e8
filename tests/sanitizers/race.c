/* Two data races, one in a file of ours by its name and one in another, in a
 * process that nobody waits for the status of: tests/run-sanitizers is to find
 * both, and to tell which is which. */

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static int a, b;

#line 1 "vswitchd-ext/race.c"
static void
race_of_ours(void)
{
    a++;
}

#line 1 "lib/race.c"
static void
race_of_others(void)
{
    b++;
}

static void *
thread_main(void *aux)
{
    race_of_ours();
    race_of_others();
    return aux;
}

int
main(void)
{
    if (!fork()) {
        pthread_t threads[2];

        for (int i = 0; i < 2; i++) {
            pthread_create(&threads[i], NULL, thread_main, NULL);
        }
        for (int i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
        }
        return 0;
    }
    return wait(NULL) < 0;
}
