#include "overlay/loop/work_queue.h"

#include <string>
#include <unordered_set>
#include <utility>

namespace loop {

struct WorkQueue::State {
  bool is_gone = false;
  std::unordered_set<uv_work_t*> jobs;  // queued or running
};

struct WorkQueue::Job {
  uv_work_t request{};
  std::function<void()> work;
  std::function<void()> done;
  std::shared_ptr<State> state;  // shared with the queue, which may end first
};

WorkQueue::WorkQueue(Loop& loop, std::size_t limit)
    : loop_(loop), limit_(limit), state_(std::make_shared<State>()) {}

WorkQueue::~WorkQueue() {
  state_->is_gone = true;
  for (uv_work_t* const request : state_->jobs) {
    // Refused for a job that has begun; either way its completion comes to the loop and frees it.
    uv_cancel(reinterpret_cast<uv_req_t*>(request));
  }
}

base::Status WorkQueue::submit(std::function<void()> work, std::function<void()> done) {
  if (state_->jobs.size() >= limit_) {
    return base::Error(base::Errc::LimitExceeded,
                       "work queue: " + std::to_string(limit_) + " jobs are waiting");
  }
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->done = std::move(done);
  job->state = state_;
  job->request.data = job.get();
  const auto run = [](uv_work_t* request) noexcept { static_cast<Job*>(request->data)->work(); };
  const auto finish = [](uv_work_t* request, int /*status*/) noexcept {
    const std::unique_ptr<Job> job_done(static_cast<Job*>(request->data));
    job_done->state->jobs.erase(request);
    if (!job_done->state->is_gone) {
      job_done->done();
    }
  };
  const int code = uv_queue_work(&loop_.handle(), &job->request, run, finish);
  CHECK(code == 0);  // only for a null callback
  state_->jobs.insert(&job->request);
  job.release();  // libuv's until `finish`
  return {};
}

std::size_t WorkQueue::pending() const {
  return state_->jobs.size();
}

}  // namespace loop
