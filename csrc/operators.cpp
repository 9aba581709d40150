// P-, R- and O-Net as operators of onnxruntime: PNet, RNet and ONet of the domain "facecrypt".
//
// A node takes pixels and the weights of its network, which are constants of the model. A model that
// has such a node also has its definition in ordinary operators, which runs where these are not
// registered.
#include "mtcnn.h"
#include "onnxruntime_abi.h"

#include <array>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace facecrypt {
namespace {

using mtcnn::Net;
using mtcnn::Plan;

// An OrtStatus that was returned on the way.
struct Failed {
    OrtStatus *status;
};

class Api {
public:
    explicit Api(const OrtApi *api) : api_(api) {}
    template <class Entry, class... Arguments> void call(const Entry &entry,
                                                         Arguments... given) const {
        if (OrtStatus *status = entry(api_, given...)) throw Failed{status};
    }
    [[noreturn]] void refuse(const std::string &why) const {
        throw Failed{ort::create_status(api_, ort::invalid_argument, why.c_str())};
    }
    // Runs `work`; what it throws becomes a status.
    template <class Work> OrtStatus *guarded(const Work &work) const noexcept {
        try {
            work();
            return nullptr;
        } catch (const Failed &failed) {
            return failed.status;
        } catch (const std::exception &error) {
            return ort::create_status(api_, ort::runtime_exception, error.what());
        }
    }

    std::vector<std::size_t> shape(const OrtValue *value) const {
        OrtTensorTypeAndShapeInfo *info = nullptr;
        call(ort::type_and_shape, value, &info);
        const std::unique_ptr<OrtTensorTypeAndShapeInfo, Release> held(info, Release{api_});
        int type = 0;
        std::size_t count = 0;
        call(ort::element_type, info, &type);
        call(ort::dimensions_count, info, &count);
        std::vector<std::int64_t> sizes(count);
        call(ort::dimensions, info, sizes.data(), count);
        if (type != ort::float_tensor) refuse("facecrypt's operators take float tensors only");
        return {sizes.begin(), sizes.end()};
    }
    float *data(const OrtValue *value) const {
        void *found = nullptr;
        call(ort::tensor_data, const_cast<OrtValue *>(value), &found);
        return static_cast<float *>(found);
    }

private:
    struct Release {
        const OrtApi *api;
        void operator()(OrtTensorTypeAndShapeInfo *info) const {
            ort::release_type_and_shape(api, info);
        }
    };
    const OrtApi *api_;
};

std::size_t product(const std::vector<std::size_t> &sizes) {
    std::size_t all = 1;
    for (const std::size_t size : sizes) all *= size;
    return all;
}

// A node of a session.
class Node {
public:
    Node(Net net, const Api &api, const OrtKernelInfo *info)
        : net_(net), api_(api), network_(net, numbers(info).data()) {}

    void run(OrtKernelContext *context) const {
        const OrtValue *value = nullptr;
        api_.call(ort::input, context, std::size_t{0}, &value);
        const std::vector<std::size_t> shape = api_.shape(value);
        const Plan &plan = network_.plan();
        const bool free = net_ == Net::pnet;
        if (shape.size() != 4 || shape[1] != 3 || shape[2] < plan.side || shape[3] < plan.side ||
            (!free && (shape[2] != plan.side || shape[3] != plan.side)))
            api_.refuse(std::string(plan.name) + " takes pixels of the shape (n, 3, side, side)");
        std::array<float *, 3> outputs{};
        for (std::size_t i = 0; i < plan.parts; ++i) {
            const std::int64_t sizes[] = {static_cast<std::int64_t>(shape[0]),
                                          static_cast<std::int64_t>(plan.outputs[i]),
                                          static_cast<std::int64_t>((shape[2] - 1) / 2 - 4),
                                          static_cast<std::int64_t>((shape[3] - 1) / 2 - 4)};
            OrtValue *out = nullptr;
            api_.call(ort::output, context, i, &sizes[0], std::size_t{free ? 4u : 2u}, &out);
            outputs[i] = api_.data(out);
        }
        network_.run({api_.data(value), shape[0], shape[2], shape[3]}, outputs.data());
    }

    const Api &api() const { return api_; }

private:
    // Of each layer weights, bias and slopes, in the order of the node's inputs.
    std::vector<const float *> numbers(const OrtKernelInfo *info) const {
        const Plan &plan = mtcnn::plan(net_);
        std::vector<const float *> found;
        for (std::size_t i = 0; i < plan.count; ++i) {
            const mtcnn::Layer &layer = plan.layers[i];
            found.push_back(constant(info, found.size() + 1, layer.weights()));
            found.push_back(constant(info, found.size() + 1, layer.out));
            if (i + 1 < plan.count) found.push_back(constant(info, found.size() + 1, layer.out));
        }
        return found;
    }
    const float *constant(const OrtKernelInfo *info, std::size_t index, std::size_t size) const {
        int is_constant = 0;
        const OrtValue *value = nullptr;
        api_.call(ort::constant_input, info, index, &is_constant, &value);
        if (!is_constant || !value || product(api_.shape(value)) != size)
            api_.refuse(std::string("input ") + std::to_string(index) + " of " +
                        mtcnn::plan(net_).name + " must be a constant of " + std::to_string(size) +
                        " numbers");
        return api_.data(value);
    }

    Net net_;
    Api api_;
    mtcnn::Network network_;
};

struct Operator : OrtCustomOp {
    explicit Operator(Net which) : OrtCustomOp{}, net(which) {
        version = ort::operator_version;
        GetName = [](const OrtCustomOp *self) { return plan_of(self).name; };
        GetExecutionProviderType = [](const OrtCustomOp *) -> const char * { return nullptr; };
        GetInputType = GetOutputType = [](const OrtCustomOp *, std::size_t) {
            return ort::float_tensor;
        };
        GetInputTypeCount = [](const OrtCustomOp *self) { return 3 * plan_of(self).count; };
        GetOutputTypeCount = [](const OrtCustomOp *self) { return plan_of(self).parts; };
        // None is optional, and all lie where they usually do.
        GetInputCharacteristic = GetOutputCharacteristic = GetInputMemoryType =
            [](const OrtCustomOp *, std::size_t) { return 0; };
        GetVariadicInputMinArity = GetVariadicInputHomogeneity = GetVariadicOutputMinArity =
            GetVariadicOutputHomogeneity = [](const OrtCustomOp *) { return 1; };
        CreateKernelV2 = [](const OrtCustomOp *self, const OrtApi *table, const OrtKernelInfo *info,
                            void **kernel) {
            const Api api(table);
            return api.guarded(
                [&] { *kernel = new Node(static_cast<const Operator *>(self)->net, api, info); });
        };
        KernelComputeV2 = [](void *kernel, OrtKernelContext *context) {
            const Node &node = *static_cast<const Node *>(kernel);
            return node.api().guarded([&] { node.run(context); });
        };
        KernelDestroy = [](void *kernel) { delete static_cast<Node *>(kernel); };
    }
    static const Plan &plan_of(const OrtCustomOp *self) {
        return mtcnn::plan(static_cast<const Operator *>(self)->net);
    }

    Net net;
};

// The domain with the operators, made once: sessions keep pointing at it.
OrtCustomOpDomain *domain(const Api &api) {
    static const Operator operators[] = {Operator(Net::pnet), Operator(Net::rnet),
                                         Operator(Net::onet)};
    static std::mutex lock;
    static OrtCustomOpDomain *made = nullptr;
    const std::lock_guard<std::mutex> held(lock);
    if (!made) {
        OrtCustomOpDomain *fresh = nullptr;
        api.call(ort::create_domain, "facecrypt", &fresh);
        for (const Operator &one : operators)
            api.call(ort::add_operator, fresh, static_cast<const OrtCustomOp *>(&one));
        made = fresh;
    }
    return made;
}

}  // namespace
}  // namespace facecrypt

// What onnxruntime calls when it is told of this library.
extern "C" __attribute__((visibility("default"))) OrtStatus *
RegisterCustomOps(OrtSessionOptions *options, const OrtApiBase *base) {
    using namespace facecrypt;
    const OrtApi *table = base->GetApi(ort::wanted_version);
    if (!ort::usable(base, table)) {
        const OrtApi *first = base->GetApi(1);
        return ort::create_status(first, ort::invalid_argument,
                                  "facecrypt's operators need onnxruntime 1.20 or later");
    }
    const Api api(table);
    return api.guarded([&] { api.call(ort::add_domain, options, domain(api)); });
}
