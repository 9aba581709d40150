// The networks with 16 floats a vector.
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

#define FACECRYPT_TARGET __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl")))
#define FACECRYPT_SIMPLE FACECRYPT_TARGET __attribute__((always_inline)) static inline

struct Vector {
    using Type = __m512;
    static constexpr int lanes = 16;
    FACECRYPT_SIMPLE Type load(const float *p) { return _mm512_loadu_ps(p); }
    FACECRYPT_SIMPLE void store(float *p, Type v) { _mm512_storeu_ps(p, v); }
    FACECRYPT_SIMPLE Type all(float v) { return _mm512_set1_ps(v); }
    FACECRYPT_SIMPLE Type multiply_add(Type a, Type b, Type c) { return _mm512_fmadd_ps(a, b, c); }
    FACECRYPT_SIMPLE Type larger(Type a, Type b) { return _mm512_max_ps(a, b); }
    FACECRYPT_SIMPLE Type prelu(Type v, Type slope) {
        const __mmask16 below = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
        return _mm512_mask_mul_ps(v, below, v, slope);
    }
};

// Of 32 registers, up to 24 to 27 sums.
struct Tiles {
    static constexpr int wide = 24, p3 = 12, p3_vectors = 2;
    static constexpr int r1 = 22, r2 = 9, r2_vectors = 3;
    static constexpr int o1 = 24, o2 = 21, o3 = 8, o3_vectors = 2;
    static constexpr int last_vectors = 4, dense = 12, dense_vectors = 2;
};

#include "mtcnn_kernels.h"

}  // namespace

const Kernel *kernel_avx512(Net net) noexcept {
    return isa_supported(Isa::avx512) ? &kernels[static_cast<std::size_t>(net)] : nullptr;
}

}  // namespace facecrypt::mtcnn

#else

namespace facecrypt::mtcnn {
const Kernel *kernel_avx512(Net) noexcept { return nullptr; }
}  // namespace facecrypt::mtcnn

#endif
