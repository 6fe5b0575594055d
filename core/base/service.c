#include "base/service.h"

#include "base/check.h"

static void *thread_main(void *arg)
{
    struct service *service = arg;
    service->serve(service->server);
    return NULL;
}

bool service_start(struct service *service, const char *name, size_t jobs_max,
                   void (*serve)(void *server), void *server, struct fault *fault)
{
    *service = (struct service){.serve = serve, .server = server};
    if (!job_queue_init(&service->queue, jobs_max))
        return fault_set(fault, "no_descriptor", "no file descriptor is left for the thread %s",
                         name);
    service->started = pthread_create(&service->thread, NULL, thread_main, service) == 0;
    if (service->started) {
        pthread_setname_np(service->thread, name);
        return true;
    }
    job_queue_fini(&service->queue);
    return fault_set(fault, "no_thread", "the thread %s cannot be started", name);
}

void service_stop(struct service *service)
{
    if (!service->started)
        return;
    check(job_queue_post_always(&service->queue, &service->stop));
    job_queue_close(&service->queue);
    check(pthread_join(service->thread, NULL) == 0);
    job_queue_fini(&service->queue);
    service->started = false;
}

void service_take(struct service *service, int timeout_ms)
{
    if (timeout_ms != 0)
        job_queue_wait(&service->queue, timeout_ms);
    struct job_list taken = job_queue_take(&service->queue);
    while (taken.first != NULL) {
        struct job *job = job_list_pop(&taken);
        if (job == &service->stop)
            service->stopping = true;
        else
            job_list_push(&service->waiting, job);
    }
}

void service_run_jobs(struct service *service)
{
    while (!service->stopping) {
        service_take(service, -1);
        while (service->waiting.first != NULL) {
            struct job *job = job_list_pop(&service->waiting);
            struct job_queue *reply_queue = job->reply_queue; /* `run` may free a job without one */
            job->run(job, service->server);
            if (reply_queue != NULL)
                job_return(job);
        }
    }
}
