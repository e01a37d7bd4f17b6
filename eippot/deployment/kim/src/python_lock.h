/// Python's lock, where a simulator is a Python program.

#ifndef EIPPOT_PYTHON_LOCK_H
#define EIPPOT_PYTHON_LOCK_H

namespace eippot {

/// While it lives, this thread does not hold the lock: torch takes no derivatives with it, once the
/// program has imported torch. Nothing that may call Python is allowed meanwhile.
class PythonLockReleased {
 public:
  PythonLockReleased();
  ~PythonLockReleased();
  PythonLockReleased(const PythonLockReleased &) = delete;
  PythonLockReleased &operator=(const PythonLockReleased &) = delete;

 private:
  void *thread_;  // to be given back to Python, or nullptr
};

}  // namespace eippot

#endif
