// A few threads that do one job together, and the numbers do not tell which of them did what.
//
// A job is a number of rounds, and a round a number of pieces. A thread takes its next piece when it has done one: of
// its own share first, which its cache knows from the round before, then of the others'. So what a thread that the
// system gave no core has not begun is done by those that have one. Whichever does the last piece of a round begins the
// next. The pieces of a round do not depend on the threads.
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

// Part `number` of `count` things cut into `parts`: neighbours.
struct Share {
  int begin, end;
  Share(int count, int number, int parts)
      : begin(static_cast<int>(static_cast<long long>(count) * number / parts)),
        end(static_cast<int>(static_cast<long long>(count) * (number + 1) / parts)) {}
};

class Job {
 public:
  // Done by one thread when all pieces of the rounds before are done. Returns how many pieces round `number` has,
  // `Team::kMostPieces` at most; 0 after the last round.
  virtual int begin(int number) = 0;
  // Piece `piece` of round `number`, by the thread `thread`.
  virtual void work(int number, int piece, int thread) = 0;

 protected:
  ~Job() = default;
};

class Team {
 public:
  static constexpr int kMostPieces = 0xffff;

  explicit Team(int threads) : threads_(threads), shares_(new Pieces[threads]) {
    for (int thread = 1; thread < threads; thread++) helpers_.emplace_back([this, thread] { help(thread); });
  }

  ~Team() {
    quit_.store(true, std::memory_order_relaxed);
    announce(round_.load(std::memory_order_relaxed) + 1, true);
    for (auto& helper : helpers_) helper.join();
  }

  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return threads_; }

  // Returns when all of the job is done. The caller is thread 0.
  void together(Job& job) {
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
      manners_.turn.give_way();
      take_part(round, 0);
      wait(manners_.patience, [&] { return over_.load() || round_.load() != round; });
    }
  }

  // `work(n, thread)` for each of `count` things.
  template <class Work>
  void each(int count, Work work) {
    OneRound<Work> job(count, work);
    together(job);
  }

 private:
  using Clock = std::chrono::steady_clock;

  template <class Work>
  class OneRound final : public Job {
   public:
    OneRound(int count, Work& work) : count_(count), pieces_(std::min(count, kMostPieces)), work_(work) {}
    int begin(int number) override { return number == 0 ? pieces_ : 0; }
    void work(int, int piece, int thread) override {
      const Share share(count_, piece, pieces_);
      for (int n = share.begin; n < share.end; n++) work_(n, thread);
    }

   private:
    const int count_, pieces_;
    Work& work_;
  };

  // The pieces of a thread's share that have not been taken, of one round: [next, end). The round is in the same word,
  // so that a thread that was away for rounds takes nothing.
  struct alignas(64) Pieces {
    std::atomic<uint64_t> left{0};

    static uint64_t packed(uint32_t round, Share share) {
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

  // How long a thread looks for what it waits for before it sleeps. On cores of their own the threads are never away
  // for longer than Python needs from one step to the next, and to sleep through that costs more. A thread that the
  // system took the core from is back after milliseconds: to look for it that long takes a core from others, perhaps
  // from the very thread. So the patience of each follows from what its waits have come to.
  class Patience {
   public:
    Clock::duration now() const { return left_; }
    void learn(Clock::duration waited) {
      left_ = waited < kAway ? std::min<Clock::duration>(left_ + kGain, kMost) : left_ / 2;
    }

   private:
    static constexpr std::chrono::microseconds kMost{150}, kGain{1}, kAway{500};
    Clock::duration left_ = kMost;
  };

  // The system takes the core from a thread that has had it for some milliseconds while others want it: in the middle of
  // a piece, and then all wait until it is back. So a thread gives the core up a little sooner, where it holds nothing
  // and the others can go on. Where nobody wants the core it has it back at once.
  class Turn {
   public:
    void give_way() {
      const auto now = Clock::now();
      if (now - seen_ > kGap) begun_ = now;
      seen_ = now;
      if (now - begun_ < kLongest) return;
      std::this_thread::yield();
      begun_ = seen_ = Clock::now();
    }

   private:
    // Longer than a round takes: the thread was away. Linux's turns are of 3 to 4 ms.
    static constexpr std::chrono::microseconds kGap{700}, kLongest{3400};
    Clock::time_point begun_{}, seen_{};
  };

  // What a thread knows of how it shares the cores.
  struct Manners {
    Patience patience;
    Turn turn;
  };

  void help(int thread) {
    Manners manners;
    for (uint32_t round = 0; !quit_.load(std::memory_order_relaxed);) {
      wait(manners.patience, [&] { return round_.load() != round; });
      round = round_.load(std::memory_order_acquire);
      manners.turn.give_way();
      take_part(round, thread);
    }
  }

  // Does pieces of `round` until all are taken; after the last one that is done, begins the next.
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
      shares_[thread].left.store(Pieces::packed(round, Share(pieces, thread, threads_)), std::memory_order_release);
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
  void wait(Patience& patience, Condition is_true) {
    if (is_soon(is_true)) return;
    const auto begun = Clock::now();
    bool came = false;
    do {
      came = is_soon(is_true);
    } while (!came && Clock::now() - begun < patience.now());
    if (!came) sleep_until(is_true);
    patience.learn(Clock::now() - begun);
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
  Manners manners_;     // the caller's
  alignas(64) std::atomic<uint32_t> round_{0};
  std::atomic<bool> over_{true}, quit_{false};
  alignas(64) std::atomic<int> undone_{0};
  alignas(64) std::atomic<bool> asleep_{false};
  std::mutex lock_;
  std::condition_variable bell_;
};

}  // namespace native
