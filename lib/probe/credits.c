/* How well labels other than the caller's are read: sums of credit, for nulls, control tasks and the choice of
 * lambda. */
#include "probe/driver.h"

#include <math.h>

typedef struct tally {
    const conceptdec_i_probe_driver *driver;
    const conceptdec_i_probe_job *jobs;
    const int64_t *first; /* of each job: number of its first fit */
    double *sums;         /* of each fit */
    int64_t *counts;
} tally;

static bool
is_scored(const conceptdec_i_probe_job *job, const uint8_t *role, bool has_test, int64_t i)
{
    if (job->labels[i] < 0)
        return false;
    return has_test ? role[i] == CONCEPTDEC_I_ROLE_TEST : role[i] == CONCEPTDEC_I_ROLE_TRAIN;
}

static conceptdec_status
listen(void *argument, const conceptdec_i_probe_place *place, const conceptdec_i_space *space,
       const conceptdec_i_fit *fit)
{
    const tally *t = argument;
    const conceptdec_i_probe_job *job = &t->jobs[place->job];
    int64_t n = t->driver->data.n, parts = job->n_parts + (job->whole != NULL), count;
    const uint8_t *role = place->part < job->n_parts ? job->roles[place->part] : job->whole;
    bool leaves_out = place->part < job->n_parts &&
                      t->driver->settings.options.protocol != CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    bool has_test = leaves_out || conceptdec_i_has_test_rows(role, n);
    double sum = fit->decision ? 0 : fit->credit;
    int32_t predicted, n_tied;
    (void)space;
    count = fit->decision ? 0 : fit->n_scored;
    for (int64_t i = 0; i < n && fit->decision; i++) {
        if (!is_scored(job, role, has_test, i) || isnan(fit->decision[i]))
            continue;
        sum += conceptdec_i_probe_credit(fit->decision + i, n, t->driver->data.classes, job->labels[i], &predicted,
                                         &n_tied);
        count++;
    }
    int64_t at = t->first[place->job] + place->lambda * parts + place->part;
    t->sums[at] = sum;
    t->counts[at] = count;
    return CONCEPTDEC_OK;
}

static void
add_parts(const tally *t, int64_t n_jobs, int64_t lambdas, double *sums, int64_t *counts)
{
    for (int64_t j = 0; j < n_jobs; j++) {
        int64_t parts = t->jobs[j].n_parts + (t->jobs[j].whole != NULL);
        for (int64_t a = 0; a < lambdas; a++) {
            sums[j * lambdas + a] = 0;
            counts[j * lambdas + a] = 0;
            for (int64_t p = 0; p < parts; p++) {
                sums[j * lambdas + a] += t->sums[t->first[j] + a * parts + p];
                counts[j * lambdas + a] += t->counts[t->first[j] + a * parts + p];
            }
        }
    }
}

conceptdec_status
conceptdec_i_probe_credits(conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena, int64_t n_jobs,
                           const conceptdec_i_probe_job *jobs, const char *stage, double *sums, int64_t *counts)
{
    int64_t lambdas = driver->settings.options.n_lambdas, total = 0;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "credits", n_jobs, sizeof(int64_t), &p[0]));
    for (int64_t j = 0; j < n_jobs; j++) {
        ((int64_t *)p[0])[j] = total;
        total += lambdas * (jobs[j].n_parts + (jobs[j].whole != NULL));
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "credits", total, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "credits", total, sizeof(int64_t), &p[2]));
    tally t = {.driver = driver, .jobs = jobs, .first = p[0], .sums = p[1], .counts = p[2]};
    CONCEPTDEC_I_TRY(conceptdec_i_probe_run(driver, n_jobs, jobs, stage, true, listen, &t));
    add_parts(&t, n_jobs, lambdas, sums, counts);
    return CONCEPTDEC_OK;
}
