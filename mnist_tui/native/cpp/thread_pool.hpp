// A few threads that process one job together. Results do not depend on which thread did what.
//
// A job consists of rounds, and a round of pieces. A thread takes pieces one by one: first from its own share, which is
// in its cache from the previous round, then from the shares of others. So pieces of a thread that the system gave no
// core are processed by the other threads. The thread that completes the last piece of a round starts the next one. The
// pieces of a round do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace native {

// Part `number` of `count` items that are divided into `parts` consecutive ones.
struct Range {
  int begin, end;
  Range(int count, int number, int parts)
      : begin(static_cast<int>(static_cast<long long>(count) * number / parts)),
        end(static_cast<int>(static_cast<long long>(count) * (number + 1) / parts)) {}
};

class Job {
 public:
  // Called by one thread when all pieces of the previous rounds are done. Returns how many pieces round `number` has,
  // `ThreadPool::kMostPieces` at most; 0 after the last round.
  virtual int begin(int number) = 0;
  // Processes piece `piece` of round `number` on thread `thread`.
  virtual void work(int number, int piece, int thread) = 0;

 protected:
  ~Job() = default;
};

class ThreadPool {
 public:
  static constexpr int kMostPieces = 0xffff;

  explicit ThreadPool(int threads) : threads_(threads), shares_(new Pieces[threads]) {
    for (int thread = 1; thread < threads; thread++) helpers_.emplace_back([this, thread] { help(thread); });
  }

  ~ThreadPool() {
    quit_.store(true, std::memory_order_relaxed);
    announce(round_.load(std::memory_order_relaxed) + 1, true);
    for (auto& helper : helpers_) helper.join();
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // Returns when the whole job is done. The caller is thread 0.
  void run(Job& job) {
    if (threads_ == 1) {
      for (int number = 0; const int pieces = job.begin(number); number++)
        for (int piece = 0; piece < pieces; piece++) job.work(number, piece, 0);
      return;
    }
    job_ = &job;
    over_.store(false, std::memory_order_relaxed);
    first_ = round_.load(std::memory_order_relaxed) + 1;
    open(first_);
    while (!over_.load(std::memory_order_acquire)) {
      const uint32_t round = round_.load(std::memory_order_acquire);
      sharing_.turn.yield_if_due();
      take_part(round, 0);
      wait(sharing_.spin, [&] { return over_.load() || round_.load() != round; });
    }
  }

  // Calls `work(n, thread)` for each n below `count`.
  template <class Work>
  void for_each(int count, Work work) {
    OneRound<Work> job(count, work);
    run(job);
  }

 private:
  using Clock = std::chrono::steady_clock;

  template <class Work>
  class OneRound final : public Job {
   public:
    OneRound(int count, Work& work) : count_(count), pieces_(std::min(count, kMostPieces)), work_(work) {}
    int begin(int number) override { return number == 0 ? pieces_ : 0; }
    void work(int, int piece, int thread) override {
      const Range share(count_, piece, pieces_);
      for (int n = share.begin; n < share.end; n++) work_(n, thread);
    }

   private:
    const int count_, pieces_;
    Work& work_;
  };

  // The pieces of a thread's share that are still to be taken in one round: [next, end). The round is in the same word,
  // so that a thread that was suspended for several rounds takes nothing.
  struct alignas(64) Pieces {
    std::atomic<uint64_t> left{0};

    static uint64_t packed(uint32_t round, Range share) {
      return uint64_t(round) << 32 | uint64_t(share.begin) << 16 | uint64_t(share.end);
    }
    // The next piece, or -1.
    int take(uint32_t round) {
      uint64_t seen = left.load(std::memory_order_relaxed);
      while (uint32_t(seen >> 32) == round) {
        const int next = int(seen >> 16 & 0xffff), end = int(seen & 0xffff);
        if (next == end) break;
        if (left.compare_exchange_weak(seen, seen + (1 << 16), std::memory_order_acquire, std::memory_order_relaxed))
          return next;
      }
      return -1;
    }
  };

  // How long a thread spins before it sleeps. With a core per thread, no wait is longer than Python needs from one step
  // to the next, and sleeping would cost more. A thread that the system has preempted is back after milliseconds:
  // spinning that long takes a core from others, perhaps from that very thread. So each thread adapts its spin time to
  // the length of its previous waits.
  class SpinTime {
   public:
    Clock::duration now() const { return left_; }
    void learn(Clock::duration waited) {
      left_ = waited < kAway ? std::min<Clock::duration>(left_ + kGain, kMost) : left_ / 2;
    }

   private:
    static constexpr std::chrono::microseconds kMost{150}, kGain{1}, kAway{500};
    Clock::duration left_ = kMost;
  };

  // On a busy machine the system preempts a thread after some milliseconds, perhaps in the middle of a piece, and then
  // all others wait for it. So a thread yields its core a little sooner, between two rounds, where no thread waits for
  // it. If no other process needs the core, it continues at once.
  class Turn {
   public:
    void yield_if_due() {
      const auto now = Clock::now();
      if (now - seen_ > kGap) begun_ = now;
      seen_ = now;
      if (now - begun_ < kLongest) return;
      std::this_thread::yield();
      begun_ = seen_ = Clock::now();
    }

   private:
    // Longer than a round takes: the thread was suspended. Linux's time slices are 3 to 4 ms.
    static constexpr std::chrono::microseconds kGap{700}, kLongest{3400};
    Clock::time_point begun_{}, seen_{};
  };

  // What a thread has learned about sharing the cores.
  struct Sharing {
    SpinTime spin;
    Turn turn;
  };

  void help(int thread) {
    Sharing sharing;
    for (uint32_t round = 0; !quit_.load(std::memory_order_relaxed);) {
      wait(sharing.spin, [&] { return round_.load() != round; });
      round = round_.load(std::memory_order_acquire);
      sharing.turn.yield_if_due();
      take_part(round, thread);
    }
  }

  // Processes pieces of `round` until all are taken; starts the next round after the last piece is done.
  void take_part(uint32_t round, int thread) {
    int done = 0;
    for (int other = 0; other < threads_; other++) {
      Pieces& share = shares_[(thread + other) % threads_];
      // Nothing of the job may be touched before a piece is taken: until that is done, the job stays.
      for (int piece; (piece = share.take(round)) >= 0; done++) job_->work(int(round - first_), piece, thread);
    }
    if (done && undone_.fetch_sub(done, std::memory_order_acq_rel) == done) open(round + 1);
  }

  void open(uint32_t round) {
    const int pieces = job_->begin(int(round - first_));
    undone_.store(pieces, std::memory_order_relaxed);
    for (int thread = 0; thread < threads_; thread++)
      shares_[thread].left.store(Pieces::packed(round, Range(pieces, thread, threads_)), std::memory_order_release);
    announce(round, pieces == 0);
  }

  // The caller may be gone, and back with another job, as soon as it is `over`.
  void announce(uint32_t round, bool over) {
    round_.store(round);
    if (over) over_.store(true);
    // Either this sees that a thread is about to sleep, or that thread sees the new round.
    if (!asleep_.load()) return;
    {
      std::lock_guard<std::mutex> guard(lock_);
      asleep_.store(false);
    }
    bell_.notify_all();
  }

  template <class Condition>
  void wait(SpinTime& spin, Condition is_true) {
    if (is_soon(is_true)) return;
    const auto begun = Clock::now();
    bool came = false;
    do {
      came = is_soon(is_true);
    } while (!came && Clock::now() - begun < spin.now());
    if (!came) sleep_until(is_true);
    spin.learn(Clock::now() - begun);
  }

  template <class Condition>
  void sleep_until(Condition is_true) {
    std::unique_lock<std::mutex> guard(lock_);
    for (;;) {
      asleep_.store(true);
      if (is_true()) return;
      bell_.wait(guard);
    }
  }

  // Within about a microsecond.
  template <class Condition>
  static bool is_soon(Condition is_true) {
    for (int looks = 0; looks < 16; looks++) {
      if (is_true()) return true;
      rest();
    }
    return false;
  }

  static void rest() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  const int threads_;
  const std::unique_ptr<Pieces[]> shares_;
  std::vector<std::thread> helpers_;
  Job* job_ = nullptr;
  uint32_t first_ = 0;  // round of the job
  Sharing sharing_;     // the caller's
  alignas(64) std::atomic<uint32_t> round_{0};
  std::atomic<bool> over_{true}, quit_{false};
  alignas(64) std::atomic<int> undone_{0};
  alignas(64) std::atomic<bool> asleep_{false};
  std::mutex lock_;
  std::condition_variable bell_;
};

}  // namespace native
