// A program around a compiled network, for sanitizers: steps, evaluation and augmentation on several numbers of
// threads. Prints each number with a checksum of all that came out. With an argument it hands in too few images.

#include "random.hpp"
#include "step.cpp"

#include <cstdio>
#include <deque>

namespace {

// What belongs to a network, each tensor an allocation of its own size: a byte too far is seen.
class Memory {
 public:
  explicit Memory(const native::Network& network) {
    for (int i = 0; i < network.chain().size(); i++) add(network.chain()[i].shape);
  }

  std::vector<native::Parameter> parameters;
  std::vector<native::NormStatistics> statistics;
  int64_t averaged = 0;

  uint64_t checksum() const {
    uint64_t sum = 0;
    for (const auto& tensor : tensors_)
      for (float value : tensor) {
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        sum = native::mix(sum ^ bits);
      }
    for (int64_t count : counts_) sum = native::mix(sum ^ uint64_t(count));
    return sum;
  }

 private:
  void add(const native::Shape& shape) {
    const int channels = shape.channels;
    add(channels * shape.filter);
    add(shape.bias ? channels : 0);
    add(shape.norm ? channels : 0);
    add(shape.norm ? channels : 0);
    if (shape.norm)
      statistics.push_back({tensor(channels), tensor(channels, 1), count(), tensor(channels), tensor(channels), count()});
    else
      statistics.push_back({});
  }
  void add(int size) {
    if (size)
      parameters.push_back({tensor(size, 0.3f), tensor(size), tensor(size), tensor(size), tensor(1), tensor(size), size});
    else
      parameters.push_back({});
  }
  float* tensor(int size, float scale = 0) {
    std::vector<float> values(size);
    for (int i = 0; i < size; i++) values[i] = scale * (1.5f + std::sin(float(tensors_.size() + i) * 12.9898f));
    tensors_.push_back(std::move(values));
    return tensors_.back().data();
  }
  int64_t* count() {
    counts_.push_back(0);
    return &counts_.back();
  }

  std::deque<std::vector<float>> tensors_;
  std::deque<int64_t> counts_;
};

using native::kClasses;
constexpr int kMost = 17, kPixels = native::kSide * native::kSide;

uint64_t run(int threads, int images_there) {
  void* network = native_open(kMost, threads);
  Memory memory(*static_cast<native::Network*>(network));
  std::vector<uint8_t> bytes(size_t(images_there) * kPixels);
  for (size_t i = 0; i < bytes.size(); i++) bytes[i] = uint8_t(native::mix(i));
  std::vector<float> maps, images(bytes.size()), logits(kMost * kClasses);
  for (int n = 0; n < kMost; n++)
    for (float number : {0.9f + 0.01f * n, -0.2f, 0.1f * n, 0.3f, 1.0f, -4.0f + n}) maps.push_back(number);
  const std::vector<float> targets(kMost * kClasses, 1.0f / kClasses), weights(kMost, 1.5f);
  std::vector<float> losses(kMost);
  std::vector<int64_t> labels(kMost);
  for (int n = 0; n < kMost; n++) labels[n] = n % kClasses;
  native::Settings settings{1e-2, 0.9, 0.999, 1e-8, 1e-3, 0.1, 0.9, 5, 0, &memory.averaged, native::Algorithm::sgd};
  uint64_t sum = 0;
  for (const auto algorithm : {native::Algorithm::sgd, native::Algorithm::adam, native::Algorithm::adamw})
    for (const int count : {1, 2, 3, 16, kMost}) {
      settings.algorithm = algorithm;
      settings.step++;
      const bool bilinear = count % 2;
      native_warp(network, bytes.data(), count == 3 ? nullptr : maps.data(), count, bilinear, 0.5f, 0.5f, images.data());
      native::StepResult result;
      native_step(network, memory.parameters.data(), memory.statistics.data(), &settings, images.data(), labels.data(),
                  count == 2 ? targets.data() : nullptr, count > 2 ? weights.data() : nullptr, count, losses.data(), &result);
      for (const int averaged : {0, 1})
        native_logits(network, memory.parameters.data(), memory.statistics.data(), averaged, images.data(), count,
                      logits.data());
      for (float logit : logits) sum = native::mix(sum ^ uint64_t(int64_t(logit * 1e6f)));
      sum = native::mix(sum ^ uint64_t(result.correct) ^ uint64_t(result.loss_sum * 1e9));
    }
  native_close(network);
  return native::mix(sum ^ memory.checksum());
}

}  // namespace

int main(int count, char**) {
  for (const int threads : {1, 2, 3, 7})
    std::printf("%d %016llx\n", threads, static_cast<unsigned long long>(run(threads, count > 1 ? kMost - 1 : kMost)));
}
