/// Memory of large tensors, kept from one evaluation to the next.
///
/// Every step asks for the same gigabytes again. The C library returns such blocks to the kernel,
/// and gets them anew page by page, which can take longer than the model: of a SchNet of 30,000
/// atoms it made each step four times as long.

#ifndef EIPPOT_TENSOR_MEMORY_H
#define EIPPOT_TENSOR_MEMORY_H

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace eippot {

class TensorMemory : public std::enable_shared_from_this<TensorMemory> {
 public:
  /// While it lives, large tensors that this thread makes are in blocks of `memory`. At its end,
  /// blocks that it did not use are freed.
  class Scope {
   public:
    explicit Scope(TensorMemory &memory);
    ~Scope();
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;

   private:
    TensorMemory *before_;
  };

  TensorMemory() = default;
  ~TensorMemory();
  TensorMemory(const TensorMemory &) = delete;
  TensorMemory &operator=(const TensorMemory &) = delete;

 private:
  friend class TensorAllocator;

  struct Block {
    void *data;
    std::size_t size;
    bool used;  // in the present evaluation
  };

  Block take(std::size_t size);
  void put_back(const Block &block);
  void free_unused();

  std::mutex mutex_;
  std::multimap<std::size_t, Block> free_;  // by size
};

}  // namespace eippot

#endif
