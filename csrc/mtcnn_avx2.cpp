// The networks with 8 floats a vector.
#include "mtcnn.h"

#include "kernels.h"

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

#if !defined(__clang__)  // GCC 12 warns of its own headers
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace facecrypt::mtcnn {
namespace {

#define FACECRYPT_TARGET __attribute__((target("avx2,fma")))
#define FACECRYPT_SIMPLE FACECRYPT_TARGET __attribute__((always_inline)) static inline

struct Vector {
    using Type = __m256;
    static constexpr int lanes = 8;
    FACECRYPT_SIMPLE Type load(const float *p) { return _mm256_loadu_ps(p); }
    FACECRYPT_SIMPLE void store(float *p, Type v) { _mm256_storeu_ps(p, v); }
    FACECRYPT_SIMPLE Type all(float v) { return _mm256_set1_ps(v); }
    FACECRYPT_SIMPLE Type multiply_add(Type a, Type b, Type c) { return _mm256_fmadd_ps(a, b, c); }
    FACECRYPT_SIMPLE Type larger(Type a, Type b) { return _mm256_max_ps(a, b); }
    FACECRYPT_SIMPLE Type prelu(Type v, Type slope) {
        return _mm256_blendv_ps(v, _mm256_mul_ps(v, slope), v);  // the sign of v chooses
    }
};

using Tiles = TilesOf16;

#include "mtcnn_kernels.h"

}  // namespace

const Kernel *kernel_avx2(Net net) noexcept {
    // Nearly every processor with AVX2 has FMA too, but it is another feature.
    const bool usable = isa_supported(Isa::avx2) && __builtin_cpu_supports("fma");
    return usable ? &kernels[static_cast<std::size_t>(net)] : nullptr;
}

}  // namespace facecrypt::mtcnn

#else

namespace facecrypt::mtcnn {
const Kernel *kernel_avx2(Net) noexcept { return nullptr; }
}  // namespace facecrypt::mtcnn

#endif
