// The part of onnxruntime's C interface that our operators need, declared here so that building
// needs none of its files.
//
// It is a table of functions that only ever grows at its end, and a structure of callbacks with a
// version: places 0 to 249 of the table are those of interface version 15 and above, the structure
// is that of version 16. facecrypt asks for onnxruntime 1.20 or later, which is version 20. Names
// and places are onnxruntime's (onnxruntime_c_api.h). usable() tries what can be tried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" {

struct OrtStatus;  // null means success
struct OrtValue;
struct OrtSessionOptions;
struct OrtCustomOpDomain;
struct OrtTensorTypeAndShapeInfo;
struct OrtKernelInfo;
struct OrtKernelContext;

struct OrtApi {
    void (*at[250])();
};

struct OrtApiBase {
    const OrtApi *(*GetApi)(std::uint32_t version);
    const char *(*GetVersionString)();
};

struct OrtCustomOp {
    std::uint32_t version;
    void *(*CreateKernel)(const OrtCustomOp *, const OrtApi *, const OrtKernelInfo *);
    const char *(*GetName)(const OrtCustomOp *);
    const char *(*GetExecutionProviderType)(const OrtCustomOp *);
    int (*GetInputType)(const OrtCustomOp *, std::size_t);
    std::size_t (*GetInputTypeCount)(const OrtCustomOp *);
    int (*GetOutputType)(const OrtCustomOp *, std::size_t);
    std::size_t (*GetOutputTypeCount)(const OrtCustomOp *);
    void (*KernelCompute)(void *, OrtKernelContext *);
    void (*KernelDestroy)(void *);
    int (*GetInputCharacteristic)(const OrtCustomOp *, std::size_t);
    int (*GetOutputCharacteristic)(const OrtCustomOp *, std::size_t);
    int (*GetInputMemoryType)(const OrtCustomOp *, std::size_t);
    int (*GetVariadicInputMinArity)(const OrtCustomOp *);
    int (*GetVariadicInputHomogeneity)(const OrtCustomOp *);
    int (*GetVariadicOutputMinArity)(const OrtCustomOp *);
    int (*GetVariadicOutputHomogeneity)(const OrtCustomOp *);
    OrtStatus *(*CreateKernelV2)(const OrtCustomOp *, const OrtApi *, const OrtKernelInfo *,
                                 void **);
    OrtStatus *(*KernelComputeV2)(void *, OrtKernelContext *);
    // What later versions have behind these is not looked at, for `version` says 16.
};

}  // extern "C"

namespace facecrypt::ort {

constexpr std::uint32_t wanted_version = 20, operator_version = 16;
constexpr int invalid_argument = 2, runtime_exception = 6;  // OrtErrorCode
constexpr int float_tensor = 1;
static_assert(sizeof(OrtCustomOp) == 19 * sizeof(void *), "a version and 18 callbacks");

// One function of the table: its place and its type.
template <std::size_t place, class Function> struct Entry {
    static_assert(place < sizeof(OrtApi) / sizeof(void (*)()));
    template <class... Arguments> auto operator()(const OrtApi *api, Arguments... arguments) const {
        return reinterpret_cast<Function *>(api->at[place])(arguments...);
    }
};

constexpr Entry<0, OrtStatus *(int, const char *)> create_status;
constexpr Entry<1, int(const OrtStatus *)> error_code;
constexpr Entry<2, const char *(const OrtStatus *)> error_message;
constexpr Entry<26, OrtStatus *(const char *, OrtCustomOpDomain **)> create_domain;
constexpr Entry<27, OrtStatus *(OrtCustomOpDomain *, const OrtCustomOp *)> add_operator;
constexpr Entry<28, OrtStatus *(OrtSessionOptions *, OrtCustomOpDomain *)> add_domain;
constexpr Entry<51, OrtStatus *(OrtValue *, void **)> tensor_data;
constexpr Entry<60, OrtStatus *(const OrtTensorTypeAndShapeInfo *, int *)> element_type;
constexpr Entry<61, OrtStatus *(const OrtTensorTypeAndShapeInfo *, std::size_t *)> dimensions_count;
constexpr Entry<62, OrtStatus *(const OrtTensorTypeAndShapeInfo *, std::int64_t *, std::size_t)>
    dimensions;
constexpr Entry<65, OrtStatus *(const OrtValue *, OrtTensorTypeAndShapeInfo **)> type_and_shape;
constexpr Entry<90, OrtStatus *(const OrtKernelContext *, std::size_t, const OrtValue **)> input;
constexpr Entry<91, OrtStatus *(OrtKernelContext *, std::size_t, const std::int64_t *, std::size_t,
                                OrtValue **)>
    output;
constexpr Entry<93, void(OrtStatus *)> release_status;
constexpr Entry<99, void(OrtTensorTypeAndShapeInfo *)> release_type_and_shape;
constexpr Entry<249, OrtStatus *(const OrtKernelInfo *, std::size_t, int *, const OrtValue **)>
    constant_input;

// Whether the table is what is declared here, as far as a status that goes in and out tells.
inline bool usable(const OrtApiBase *base, const OrtApi *api) {
    if (!api || std::strncmp(base->GetVersionString(), "1.", 2) != 0) return false;
    OrtStatus *status = create_status(api, invalid_argument, "facecrypt");
    const bool same = status && error_code(api, status) == invalid_argument &&
                      std::strcmp(error_message(api, status), "facecrypt") == 0;
    if (status) release_status(api, status);
    return same;
}

}  // namespace facecrypt::ort
