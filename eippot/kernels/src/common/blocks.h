/// Centers are worked on in blocks, whose intermediate results stay in the cache.

#ifndef EIPPOT_BLOCKS_H
#define EIPPOT_BLOCKS_H

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace eippot {

/// A range of centers.
struct Block {
  int index;
  int begin;
  int end;
  int size() const { return end - begin; }
};

/// All centers, in blocks of the same size but for the last one.
struct Blocks {
  int n_centers;
  int block_size;

  int count() const { return (n_centers + block_size - 1) / block_size; }

  Block operator[](int index) const {
    const int begin = index * block_size;
    return {index, begin, std::min(begin + block_size, n_centers)};
  }

  /// Calls action(block, scratch of the thread) for all blocks, on one thread per scratch.
  template <class Scratches, class Action>
  void for_each(Scratches &scratches, Action action) const {
    const int n = count();
#pragma omp parallel for schedule(dynamic) num_threads(static_cast<int>(scratches.size()))
    for (int index = 0; index < n; ++index) {
#ifdef _OPENMP
      action((*this)[index], scratches[omp_get_thread_num()]);
#else
      action((*this)[index], scratches[0]);
#endif
    }
  }
};

}  // namespace eippot

#endif
