// Which instruction set to use, and threads.
#include "kernels.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace facecrypt {

bool isa_supported(Isa which) noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
    // These ask the operating system too: whether it saves the wide registers.
    switch (which) {
    case Isa::avx512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    case Isa::avx2: return __builtin_cpu_supports("avx2");
    case Isa::baseline: break;
    }
#endif
    return which == Isa::baseline;
}

namespace {

Isa &selected() noexcept {
    static Isa isa = isa_supported(Isa::avx512) ? Isa::avx512
                     : isa_supported(Isa::avx2) ? Isa::avx2
                                                : Isa::baseline;
    return isa;
}

}  // namespace

Isa isa() noexcept { return selected(); }

bool select_isa(Isa which) noexcept {
    if (!isa_supported(which)) return false;
    selected() = which;
    return true;
}

void parallel(std::size_t count, std::size_t threads, void (*task)(void *, std::size_t),
              void *context) noexcept {
    if (threads > count) threads = count;
    if (threads <= 1) {
        for (std::size_t i = 0; i < count; ++i) task(context, i);
        return;
    }
    std::atomic<std::size_t> next{0};
    const auto work = [&next, count, task, context] {
        for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;)
            task(context, i);
    };
    std::vector<std::thread> helpers;
    try {
        helpers.reserve(threads - 1);
        for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    } catch (const std::exception &) {
        // No memory or no more threads allowed: those that started, and the caller, do it all.
    }
    work();
    for (std::thread &helper : helpers) helper.join();
}

}  // namespace facecrypt
