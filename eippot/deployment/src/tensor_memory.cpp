#include "tensor_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

namespace eippot {

namespace {

constexpr std::size_t large = 1 << 17;  // bytes; what is less, the C library keeps itself
constexpr double spare = 1.05;          // of a new block, since the number of edges varies
constexpr double most_spare = 1.25;     // of a block that is used again

thread_local TensorMemory *current = nullptr;

}  // namespace

/// torch's allocator for the CPU: blocks of the current TensorMemory, or what it was before.
class TensorAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t size) override {
    if (!current || size < large) return usual_->allocate(size);
    auto *lease = new Lease{current->shared_from_this(), current->take(size)};
    return {lease->block.data, lease, &give_back, c10::Device(c10::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return usual_->raw_deleter(); }

  void copy_data(void *to, const void *from, std::size_t size) const override {
    usual_->copy_data(to, from, size);
  }

 private:
  struct Lease {
    std::shared_ptr<TensorMemory> memory;  // stays as long as a tensor is in it
    TensorMemory::Block block;
  };

  static void give_back(void *context) {
    const std::unique_ptr<Lease> lease(static_cast<Lease *>(context));
    lease->memory->put_back(lease->block);
  }

  c10::Allocator *usual_ = c10::GetCPUAllocator();
};

TensorMemory::Scope::Scope(TensorMemory &memory) : before_(current) {
  static TensorAllocator allocator;
  c10::SetCPUAllocator(&allocator, /*priority=*/1);
  current = &memory;
}

TensorMemory::Scope::~Scope() {
  current->free_unused();
  current = before_;
}

TensorMemory::~TensorMemory() {
  for (const auto &[size, block] : free_) c10::free_cpu(block.data);
}

TensorMemory::Block TensorMemory::take(std::size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = free_.lower_bound(size);
  if (found == free_.end() || found->first > most_spare * size) {
    const auto new_size = static_cast<std::size_t>(spare * size);
    return {c10::alloc_cpu(new_size), new_size, true};
  }
  auto block = found->second;
  free_.erase(found);
  block.used = true;
  return block;
}

void TensorMemory::put_back(const Block &block) {
  const std::lock_guard<std::mutex> lock(mutex_);
  free_.emplace(block.size, block);
}

void TensorMemory::free_unused() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = free_.begin(); it != free_.end();) {
    auto &block = it->second;
    if (!block.used) c10::free_cpu(block.data);
    it = block.used ? std::next(it) : free_.erase(it);
  }
  for (auto &[size, block] : free_) block.used = false;
}

}  // namespace eippot
