#include "python_lock.h"

#include <dlfcn.h>

namespace eippot {

namespace {

/// A function of the program's Python; nullptr where there is none.
template <typename Function>
Function *in_python(const char *name) {
  return reinterpret_cast<Function *>(dlsym(RTLD_DEFAULT, name));
}

bool holds_lock() {
  const auto is_initialized = in_python<int()>("Py_IsInitialized");
  const auto holds = in_python<int()>("PyGILState_Check");
  return is_initialized && holds && is_initialized() && holds();
}

}  // namespace

PythonLockReleased::PythonLockReleased()
    : thread_(holds_lock() ? in_python<void *()>("PyEval_SaveThread")() : nullptr) {}

PythonLockReleased::~PythonLockReleased() {
  if (thread_) in_python<void(void *)>("PyEval_RestoreThread")(thread_);
}

}  // namespace eippot
