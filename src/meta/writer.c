// Group commit: one thread takes everything that waits, runs it inside one transaction, each job
// under a savepoint of its own, and commits once. While the disk syncs, the next group gathers.
#include "meta/sqlite.h"

#define GROUP_MAX 256 // bounds how long the first of a group waits

struct meta_job {
    meta_job_fn run;
    void *arg;
    struct sp_err *err; // the caller's; it waits, so it is ours meanwhile
    int rc;
    bool done;
    struct meta_job *next;
};

void meta_writer_init(struct meta_writer *w)
{
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->done, NULL);
    w->last = &w->first;
}

static void fail_all(struct meta_job *jobs, int rc, const struct sp_err *why)
{
    for (struct meta_job *j = jobs; j; j = j->next) {
        if (j->rc < 0)
            continue;
        j->rc = rc;
        if (j->err)
            *j->err = *why;
    }
}

static int run_alone(struct meta_conn *c, struct meta_job *j, struct sp_err *err)
{
    SP_TRY(meta_exec(c, SQL_SAVE, err, ""));
    j->rc = j->run(c, j->arg, j->err);
    if (j->rc < 0)
        SP_TRY(meta_exec(c, SQL_SAVE_ROLLBACK, err, ""));
    return meta_exec(c, SQL_SAVE_RELEASE, err, "");
}

static int run_group(struct meta_conn *c, struct meta_job *jobs, struct sp_err *err)
{
    SP_TRY(meta_exec(c, SQL_BEGIN, err, ""));
    size_t fine = 0;
    for (struct meta_job *j = jobs; j; j = j->next) {
        SP_TRY(run_alone(c, j, err));
        fine += j->rc >= 0;
    }
    SP_TRY(sp_fault("meta.commit.before", err));
    if (fine == 0) // nothing to sync
        return meta_exec(c, SQL_ROLLBACK, err, "");
    SP_TRY(meta_exec(c, SQL_COMMIT, err, ""));
    (void)sp_fault("meta.commit.after", NULL); // committed is committed
    return 0;
}

static void group(struct meta_conn *c, struct meta_job *jobs)
{
    struct sp_err why = {0};
    int rc = run_group(c, jobs, &why);
    if (rc == 0)
        return;
    if (!sqlite3_get_autocommit(c->db))
        meta_exec(c, SQL_ROLLBACK, NULL, "");
    fail_all(jobs, rc, &why);
}

// The jobs that wait, at most GROUP_MAX; NULL when the writer has to end. Called with the mutex
// held.
static struct meta_job *take_group(struct meta_writer *w)
{
    while (!w->first && !w->stop)
        pthread_cond_wait(&w->work, &w->mutex);
    struct meta_job *jobs = w->first, **end = &jobs;
    for (int n = 0; *end && n < GROUP_MAX; n++)
        end = &(*end)->next;
    w->first = *end;
    *end = NULL;
    if (!w->first)
        w->last = &w->first;
    return jobs;
}

static void *writer_main(void *ud)
{
    struct meta *m = ud;
    struct meta_writer *w = &m->w;
    META_AUTO_CONN struct meta_conn *c = NULL;
    pthread_mutex_lock(&w->mutex);
    struct meta_job *jobs;
    while ((jobs = take_group(w))) {
        pthread_mutex_unlock(&w->mutex);
        struct sp_err why = {0};
        int rc = c ? 0 : meta_conn_open(&c, m->path, true, &why);
        if (rc < 0)
            fail_all(jobs, rc, &why);
        else
            group(c, jobs);
        pthread_mutex_lock(&w->mutex);
        w->commits++;
        for (struct meta_job *j = jobs, *next; j; j = next) {
            next = j->next; // the job lies on the stack of a thread that goes on once done is set
            j->done = true;
            w->jobs++;
        }
        pthread_cond_broadcast(&w->done);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

int meta_write(struct meta *m, meta_job_fn run, void *arg, struct sp_err *err)
{
    struct meta_writer *w = &m->w;
    struct meta_job job = {.run = run, .arg = arg, .err = err};
    pthread_mutex_lock(&w->mutex);
    if (!w->running) {
        // Started with the first write: commands that only read have no second thread.
        if (pthread_create(&w->thread, NULL, writer_main, m) != 0) {
            pthread_mutex_unlock(&w->mutex);
            return sp_fail(err, SP_EINTERNAL, "cannot start the database's writer thread");
        }
        w->running = true;
    }
    *w->last = &job;
    w->last = &job.next;
    pthread_cond_signal(&w->work);
    while (!job.done)
        pthread_cond_wait(&w->done, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
    return job.rc;
}

void meta_writer_stop(struct meta *m)
{
    struct meta_writer *w = &m->w;
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->work);
    bool running = w->running;
    pthread_mutex_unlock(&w->mutex);
    if (running)
        pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->mutex);
}

void meta_stats(struct meta *m, uint64_t *commits, uint64_t *jobs)
{
    pthread_mutex_lock(&m->w.mutex);
    *commits = m->w.commits;
    *jobs = m->w.jobs;
    pthread_mutex_unlock(&m->w.mutex);
}
