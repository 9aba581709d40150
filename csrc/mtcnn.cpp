// The networks' layers, and their weights in the order of the kernels.
#include "mtcnn.h"

#include "kernels.h"

#include <algorithm>

namespace facecrypt::mtcnn {
namespace {

constexpr Layer pnet_layers[] = {{3, 10, 3}, {10, 16, 3}, {16, 32, 3}, {32, 5, 1}};
constexpr Layer rnet_layers[] = {{3, 28, 3}, {28, 48, 3}, {48, 64, 2}, {64, 128, 3}, {128, 5, 1}};
constexpr Layer onet_layers[] = {{3, 32, 3},   {32, 64, 3},   {64, 64, 3},
                                 {64, 128, 2}, {128, 256, 3}, {256, 15, 1}};
constexpr std::size_t outputs[] = {1, 4, 10};  // logit, box, landmarks
constexpr Plan plans[] = {
    {"PNet", 12, pnet_layers, 4, outputs, 2},
    {"RNet", 24, rnet_layers, 5, outputs, 2},
    {"ONet", 48, onet_layers, 6, outputs, 3},
};

const Kernel *kernel_for(Net net) noexcept {
    const Kernel *found = nullptr;
    if (isa() == Isa::avx512) found = kernel_avx512(net);
    if (!found && isa() != Isa::baseline) found = kernel_avx2(net);
    return found ? found : kernel_portable(net);
}

}  // namespace

const Plan &plan(Net net) noexcept { return plans[static_cast<std::size_t>(net)]; }

Network::Network(Net net, const float *const *numbers)
    : plan_(&mtcnn::plan(net)), kernel_(kernel_for(net)) {
    for (std::size_t i = 0; i < plan_->count; ++i) {
        const bool sloped = i + 1 < plan_->count;
        pack(plan_->layers[i], kernel_->groups[i], numbers, sloped);
        numbers += sloped ? 3 : 2;
    }
}

void Network::pack(const Layer &layer, std::size_t group, const float *const *numbers,
                   bool sloped) {
    const std::size_t taps = layer.kernel * layer.kernel;
    const std::size_t padded = (layer.out + group - 1) / group * group;
    const std::size_t size = padded * layer.in * taps;
    memory_.emplace_back(size + 2 * padded);
    float *weights = memory_.back().data(), *bias = weights + size, *slopes = bias + padded;
    std::fill(weights, slopes + padded, 0.0f);
    for (std::size_t o = 0; o < layer.out; ++o) {
        for (std::size_t i = 0; i < layer.in; ++i)
            for (std::size_t tap = 0; tap < taps; ++tap) {
                const std::size_t at = ((o / group * taps + tap) * layer.in + i) * group;
                weights[at + o % group] = numbers[0][(o * layer.in + i) * taps + tap];
            }
        bias[o] = numbers[1][o];
        if (sloped) slopes[o] = numbers[2][o];
    }
    packed_.push_back({weights, bias, slopes});
}

}  // namespace facecrypt::mtcnn
