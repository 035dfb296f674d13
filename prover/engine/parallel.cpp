#include "prover/engine/parallel.h"

#include <atomic>
#include <thread>
#include <vector>

namespace prover {

gpu::ParallelFor make_parallel_for(unsigned threads) {
  CHECK(threads >= 1);
  return [threads](std::size_t count, const std::function<void(std::size_t)>& task) {
    std::atomic<std::size_t> next = 0;
    const auto run = [&] {
      for (std::size_t i = next++; i < count; i = next++) {
        task(i);
      }
    };
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads; ++i) {
      others.emplace_back(run);
    }
    run();
  };
}

}  // namespace prover
