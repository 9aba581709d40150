// The networks with 4 floats a vector, which every processor has.
#include "mtcnn.h"

#include <cstring>

namespace facecrypt::mtcnn {
namespace {

#define FACECRYPT_TARGET
#define FACECRYPT_SIMPLE __attribute__((always_inline)) static inline

// Vectors of GCC and Clang: SSE2, NEON or what there is.
struct Vector {
    using Type = float __attribute__((vector_size(16)));
    static constexpr int lanes = 4;
    FACECRYPT_SIMPLE Type load(const float *p) {
        Type v;
        std::memcpy(&v, p, sizeof v);
        return v;
    }
    FACECRYPT_SIMPLE void store(float *p, Type v) { std::memcpy(p, &v, sizeof v); }
    FACECRYPT_SIMPLE Type all(float v) { return Type{v, v, v, v}; }
    FACECRYPT_SIMPLE Type multiply_add(Type a, Type b, Type c) { return a * b + c; }
    FACECRYPT_SIMPLE Type larger(Type a, Type b) { return a > b ? a : b; }
    FACECRYPT_SIMPLE Type prelu(Type v, Type slope) { return v < 0.0f ? v * slope : v; }
};

using Tiles = TilesOf16;

#include "mtcnn_kernels.h"

}  // namespace

const Kernel *kernel_portable(Net net) noexcept { return &kernels[static_cast<std::size_t>(net)]; }

}  // namespace facecrypt::mtcnn
