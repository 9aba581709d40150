// P-, R- and O-Net of MTCNN (Zhang, Zhang, Li and Qiao, 2016): whole networks, layers fused.
//
// Values are float32 and sums are not in the order of any other implementation, so outputs agree
// with those to some 1e-5. No fast-math: what is fused is written as fused.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace facecrypt::mtcnn {

enum class Net { pnet, rnet, onet };

// What a network takes and gives. Layers are convolutions: a dense layer is one that looks at all
// pixels of its input. All but the last are followed by PReLU.
struct Layer {
    std::size_t in, out, kernel;
    std::size_t weights() const { return out * in * kernel * kernel; }
};
struct Plan {
    const char *name;
    std::size_t side;  // of its input; P-Net takes any from this on
    const Layer *layers;
    std::size_t count;
    const std::size_t *outputs;  // channels of each
    std::size_t parts;           // outputs
};
const Plan &plan(Net net) noexcept;

// Memory for floats, aligned for vectors.
class Floats {
public:
    explicit Floats(std::size_t count)
        : data_(static_cast<float *>(::operator new(count * sizeof(float), alignment))) {}
    ~Floats() { ::operator delete(data_, alignment); }
    Floats(const Floats &) = delete;
    Floats &operator=(const Floats &) = delete;
    Floats(Floats &&other) noexcept : data_(other.data_) { other.data_ = nullptr; }
    Floats &operator=(Floats &&) = delete;
    float *data() const { return data_; }

private:
    static constexpr std::align_val_t alignment{64};
    float *data_;
};

// A layer's numbers in the order in which kernels read them: output channels in groups of `group`,
// in a group [row][column][input channel][output channel of the group]. Channels are padded with
// zeros to whole groups.
struct Packed {
    const float *weights, *bias, *slopes;
};

// `count` pictures of three planes of height * width, 0 to 255.
struct Pictures {
    const float *pixels;
    std::size_t count, height, width;
};

// How many positions and vectors of channels the kernels sum at once, where there are 16 registers:
// up to 12 sums.
struct TilesOf16 {
    static constexpr int wide = 11, p3 = 11, p3_vectors = 1;
    static constexpr int r1 = 11, r2 = 9, r2_vectors = 1;
    static constexpr int o1 = 12, o2 = 11, o3 = 8, o3_vectors = 1;
    static constexpr int last_vectors = 2, dense = 6, dense_vectors = 2;
};

// A network for one instruction set.
struct Kernel {
    const std::size_t *groups;  // of each layer
    // outputs: as many as the plan has, each (count, channels) or, of P-Net, (count, channels,
    // rows, columns) with rows = (height - 1) / 2 - 4 and columns likewise. Throws bad_alloc.
    void (*run)(const Packed *layers, const Pictures &in, float *const *outputs);
};
// Null where this build or processor has none.
const Kernel *kernel_avx512(Net net) noexcept;
const Kernel *kernel_avx2(Net net) noexcept;
const Kernel *kernel_portable(Net net) noexcept;

// A network with its weights, for the instruction set that is in use when it is made.
class Network {
public:
    // numbers: of each layer weights (out, in, kernel, kernel), bias (out) and, but of the last,
    // slopes (out). They are copied.
    Network(Net net, const float *const *numbers);
    const Plan &plan() const noexcept { return *plan_; }
    void run(const Pictures &in, float *const *outputs) const {
        kernel_->run(packed_.data(), in, outputs);
    }

private:
    void pack(const Layer &layer, std::size_t group, const float *const *numbers, bool sloped);

    const Plan *plan_;
    const Kernel *kernel_;
    std::vector<Floats> memory_;
    std::vector<Packed> packed_;
};

}  // namespace facecrypt::mtcnn
