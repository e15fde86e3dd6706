// A few threads that do one thing together: they wait for each other briefly awake, and for work asleep.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace native {

inline void rest() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Looks this often before it lets another thread have the core: some tens of microseconds.
constexpr int kPatience = 2000;

template <class Condition>
void wait_awake(Condition is_true) {
  for (int looks = 0; !is_true();) {
    if (++looks < kPatience)
      rest();
    else
      std::this_thread::yield();
  }
}

class Barrier {
 public:
  explicit Barrier(int threads) : threads_(threads) {}

  void wait() {
    if (threads_ == 1) return;
    const unsigned round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
    } else {
      wait_awake([&] { return round_.load(std::memory_order_acquire) != round; });
    }
  }

 private:
  const int threads_;
  std::atomic<int> arrived_{0};
  std::atomic<unsigned> round_{0};
};

class Team {
 public:
  explicit Team(int threads) : barrier(threads), threads_(threads) {
    for (int number = 1; number < threads; number++) helpers_.emplace_back([this, number] { help(number); });
  }

  ~Team() {
    quit_ = true;
    call();
    for (auto& helper : helpers_) helper.join();
  }

  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return threads_; }

  // Does `work(thread)` in every thread, the caller's among them, and returns when all are done.
  void together(const std::function<void(int)>& work) {
    work_ = &work;
    busy_.store(threads_ - 1, std::memory_order_relaxed);
    call();
    work(0);
    wait_awake([&] { return busy_.load(std::memory_order_acquire) == 0; });
  }

  // For `work`: until all threads are here.
  Barrier barrier;

 private:
  // How long a helper stays awake for the next call. Python needs a few tens of microseconds from one step to
  // the next; a helper that sleeps through them takes longer than that to wake up.
  static constexpr int kLooksBetweenCalls = 8000;

  void call() {
    if (threads_ == 1) return;
    {
      // Under the lock, or a helper about to fall asleep would miss it.
      std::lock_guard<std::mutex> guard(lock_);
      calls_.fetch_add(1, std::memory_order_release);
    }
    bell_.notify_all();
  }

  void help(int number) {
    for (unsigned heard = 0;; heard++) {
      for (int looks = 0; looks < kLooksBetweenCalls && calls_.load(std::memory_order_acquire) == heard; looks++) rest();
      if (calls_.load(std::memory_order_acquire) == heard) {
        std::unique_lock<std::mutex> guard(lock_);
        bell_.wait(guard, [&] { return calls_.load(std::memory_order_acquire) != heard; });
      }
      if (quit_) return;
      (*work_)(number);
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  const int threads_;
  std::vector<std::thread> helpers_;
  std::mutex lock_;
  std::condition_variable bell_;
  std::atomic<unsigned> calls_{0};
  std::atomic<int> busy_{0};
  std::atomic<bool> quit_{false};
  const std::function<void(int)>* work_ = nullptr;
};

// What thread `number` of `threads` does of `count` things: neighbours, so that it finds them in its cache again.
struct Share {
  int begin, end;
  Share(int count, int number, int threads)
      : begin(static_cast<int>(static_cast<long long>(count) * number / threads)),
        end(static_cast<int>(static_cast<long long>(count) * (number + 1) / threads)) {}
};

}  // namespace native
