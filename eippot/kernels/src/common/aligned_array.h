/// Numbers, or plain structs of them, in memory aligned for vectors of any width.

#ifndef EIPPOT_ALIGNED_ARRAY_H
#define EIPPOT_ALIGNED_ARRAY_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace eippot {

template <class T>
class AlignedArray {
 public:
  AlignedArray() = default;
  explicit AlignedArray(std::size_t size) { resize(size); }

  /// Room for `size` numbers, zero where the array grew; what it held before is lost then.
  void resize(std::size_t size) {
    if (size > capacity_) {
      values_.reset();  // first, so that both are never there together
      capacity_ = 0;
      values_.reset(static_cast<T *>(::operator new(size * sizeof(T), alignment)));
      ask_for_large_pages(values_.get(), size * sizeof(T));
      std::fill_n(values_.get(), size, T{});
      capacity_ = size;
    }
  }

  T *data() { return values_.get(); }
  const T *data() const { return values_.get(); }
  T &operator[](std::size_t i) { return values_[i]; }
  const T &operator[](std::size_t i) const { return values_[i]; }
  std::size_t bytes() const { return capacity_ * sizeof(T); }

 private:
  static constexpr std::align_val_t alignment{64};

  /// Rows are read in no order, for which pages of 4 KB are many to look up.
  static void ask_for_large_pages([[maybe_unused]] T *values, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
    constexpr std::uintptr_t page = 4096;
    const std::uintptr_t begin =
        (reinterpret_cast<std::uintptr_t>(values) + page - 1) & ~(page - 1);
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(values) + bytes;
    if (end > begin) madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);
#endif
  }
  struct Free {
    void operator()(T *values) const { ::operator delete(values, alignment); }
  };
  std::unique_ptr<T[], Free> values_;
  std::size_t capacity_ = 0;
};

}  // namespace eippot

#endif
