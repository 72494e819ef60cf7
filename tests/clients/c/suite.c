/* The suite for libnats, the C client. */
#include "checks.h"
#include "harness.h"

#include <stdio.h>

int main(void)
{
    static const Check checks[] = {
#define ENTRY(name) {#name, name},
        CHECKS(ENTRY)
#undef ENTRY
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    run_checks(checks, sizeof checks / sizeof checks[0]);
    nats_Close();
    return 0;
}
