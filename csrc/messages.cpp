// libjpeg and libpng print what is wrong with a file to standard error, without its name, and a
// program that decodes on many threads cannot tell whose file it was. `stderr` is a variable in
// glibc: while any thread listens it is a stream that asks the thread that writes. File descriptor
// 2 is not touched, and no lock of Python's is taken, so that nobody can wait for anybody here.
#include "messages.h"

#include <cstdio>
#include <mutex>
#include <utility>

#if defined(__GLIBC__)
#include <sys/types.h>
#include <unistd.h>
#endif

namespace facecrypt {

#if defined(__GLIBC__)

namespace {

constexpr std::size_t most = 4096;

thread_local bool listening = false;
thread_local std::string heard;

std::mutex users_lock;
std::size_t users = 0;
std::FILE *before = nullptr;

ssize_t take(void *, const char *text, std::size_t size) {
    if (!listening) return ::write(STDERR_FILENO, text, size);
    try {
        heard.append(text, size < most - heard.size() ? size : most - heard.size());
    } catch (...) {
        // No memory for a message: it goes unheard.
    }
    return static_cast<ssize_t>(size);
}

std::FILE *listener() noexcept {
    // Never closed: a library may hold on to it.
    static std::FILE *const stream = [] {
        std::FILE *made = ::fopencookie(nullptr, "w", {nullptr, take, nullptr, nullptr});
        if (made) std::setvbuf(made, nullptr, _IONBF, 0);
        return made;
    }();
    return stream;
}

}  // namespace

bool can_hear() noexcept { return listener() != nullptr; }

void start_hearing() noexcept {
    std::FILE *const stream = listener();
    if (!stream) return;
    heard.clear();
    listening = true;
    const std::lock_guard<std::mutex> held(users_lock);
    if (users++ == 0) {
        before = stderr;
        stderr = stream;
    }
}

std::string stop_hearing() {
    if (!listening) return {};
    listening = false;
    {
        const std::lock_guard<std::mutex> held(users_lock);
        if (--users == 0) stderr = before;
    }
    return std::move(heard);
}

#else

bool can_hear() noexcept { return false; }
void start_hearing() noexcept {}
std::string stop_hearing() { return {}; }

#endif

}  // namespace facecrypt
