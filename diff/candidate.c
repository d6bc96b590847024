#include "diff/candidate.h"

#include <assert.h>

const char *candidate_name(unsigned candidate)
{
    static const char *const names[CANDIDATES_MAX] = {"v2", "v3", "v4", "v5",
                                                      "v6", "v7", "v8", "v9"};

    assert(candidate < CANDIDATES_MAX);
    return names[candidate];
}
