// All that the torch engine calls of TorchSharp, as TorchSharp 0.99 to 0.107 declare it: signatures without bodies. A name that is not here is
// not known to be in all of those versions; check that it is before adding it, or look it up in TorchCapabilities. What is called first throws as
// TorchSharp does where its libtorch is not there.
namespace TorchSharp;

public enum DeviceType { CPU = 0, CUDA = 1 }

public sealed class Scalar : IDisposable
{
    Scalar() { }
    public void Dispose() => throw null!;
}

public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this int value) => throw null!;
    public static Scalar ToScalar(this float value) => throw null!;
    public static Scalar ToScalar(this double value) => throw null!;
    public static Scalar ToScalar(this bool value) => throw null!;
}

public sealed class DisposeScope : IDisposable
{
    DisposeScope() { }
    public void Dispose() => throw null!;
}

public static partial class torch
{
    public enum ScalarType { Int32 = 3, Int64 = 4, Float32 = 6, Float64 = 7, Bool = 11, BFloat16 = 15 }

    public sealed class Device
    {
        public Device(DeviceType type, int index = -1) => throw null!;
        public DeviceType type => throw null!;
    }

    public static string __version__ => throw new TypeInitializationException("TorchSharp.torch", NoLibrary);
    public static Device CPU => throw null!;
    static DllNotFoundException NoLibrary => new("these are declarations alone");

    public static void InitializeDeviceType(DeviceType deviceType) => throw NoLibrary;
    public static bool TryInitializeDeviceType(DeviceType deviceType) => throw null!;
    public static void set_num_threads(int num) => throw null!;
    public static DisposeScope NewDisposeScope() => throw null!;
    public static IDisposable no_grad() => throw null!;
    public static IDisposable enable_grad(bool enabled = true) => throw null!;

    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => throw null!;
    public static Tensor ones(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => throw null!;
    public static Tensor empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => throw null!;
    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => throw null!;
    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => throw null!;
    public static Tensor where(Tensor condition, Tensor x, Tensor y) => throw null!;

    public static class cuda
    {
        public static bool is_available() => throw null!;
        public static int device_count() => throw null!;
    }

    public static class backends
    {
        public static class cuda
        {
            public static class matmul
            {
                public static bool allow_tf32 { get => throw null!; set => throw null!; }
            }
        }
    }

    public static class autograd
    {
        public static void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) => throw null!;
    }

    public static class nn
    {
        public enum Reduction { None, Mean, Sum }

        public static class functional
        {
            public static Tensor gelu(Tensor x) => throw null!;
            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) => throw null!;
            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0) => throw null!;
        }
    }

    public class Tensor : IDisposable
    {
        Tensor() { }
        public static long TotalCount => throw null!;
        public long[] shape => throw null!;
        public ScalarType dtype => throw null!;
        public Device device => throw null!;
        public DeviceType device_type => throw null!;
        public Span<byte> bytes { get => throw null!; set => throw null!; }
        public void Dispose() => throw null!;
        public Tensor DetachFromDisposeScope() => throw null!;
        public Tensor MoveToOuterDisposeScope() => throw null!;

        public Tensor detach() => throw null!;
        public Tensor clone() => throw null!;
        public Tensor contiguous() => throw null!;
        public Tensor cpu() => throw null!;
        public Tensor pin_memory() => throw null!;
        public Tensor copy_(Tensor source, bool nonBlocking = false) => throw null!;
        public Tensor requires_grad_(bool requires_grad = true) => throw null!;
        // Newer versions have further optional arguments.
        public Tensor to(ScalarType type, bool copy = false) => throw null!;

        public Tensor reshape(params long[] shape) => throw null!;
        public Tensor permute(params long[] permutation) => throw null!;
        public Tensor expand(params long[] sizes) => throw null!;
        public Tensor narrow(long dim, long start, long length) => throw null!;
        public Tensor transpose(long dim0, long dim1) => throw null!;
        public Tensor unsqueeze(long dim) => throw null!;
        public Tensor t() => throw null!;

        public Tensor add(Tensor target, Scalar alpha) => throw null!;
        public Tensor add_(Tensor target, Scalar alpha) => throw null!;
        public Tensor add(Scalar scalar, Scalar alpha) => throw null!;
        public Tensor add_(Scalar scalar, Scalar alpha) => throw null!;
        public Tensor sub(Tensor target) => throw null!;
        public Tensor sub_(Tensor target) => throw null!;
        public Tensor sub(Scalar target) => throw null!;
        public Tensor sub_(Scalar target) => throw null!;
        public Tensor mul(Tensor target) => throw null!;
        public Tensor mul_(Tensor target) => throw null!;
        public Tensor mul(Scalar target) => throw null!;
        public Tensor mul_(Scalar target) => throw null!;
        public Tensor div(Tensor target) => throw null!;
        public Tensor div_(Tensor target) => throw null!;
        public Tensor div(Scalar target) => throw null!;
        public Tensor div_(Scalar target) => throw null!;
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => throw null!;
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => throw null!;
        public Tensor pow(Tensor exponent) => throw null!;
        public Tensor pow_(Tensor exponent) => throw null!;
        public Tensor maximum(Tensor other) => throw null!;
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => throw null!;
        public Tensor clamp_min(Scalar min) => throw null!;
        public Tensor remainder(Scalar scalar) => throw null!;
        public Tensor reciprocal_() => throw null!;
        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) => throw null!;

        public Tensor neg() => throw null!;
        public Tensor neg_() => throw null!;
        public Tensor exp() => throw null!;
        public Tensor exp_() => throw null!;
        public Tensor log() => throw null!;
        public Tensor log_() => throw null!;
        public Tensor log1p() => throw null!;
        public Tensor log1p_() => throw null!;
        public Tensor sqrt() => throw null!;
        public Tensor sqrt_() => throw null!;
        public Tensor sin() => throw null!;
        public Tensor sin_() => throw null!;
        public Tensor cos() => throw null!;
        public Tensor cos_() => throw null!;
        public Tensor tanh() => throw null!;
        public Tensor tanh_() => throw null!;
        public Tensor erf() => throw null!;
        public Tensor erf_() => throw null!;

        public Tensor lt(Tensor target) => throw null!;
        public Tensor le(Tensor target) => throw null!;
        public Tensor eq(Tensor target) => throw null!;
        public Tensor lt(Scalar target) => throw null!;
        public Tensor ge(Scalar target) => throw null!;
        public Tensor logical_and(Tensor other) => throw null!;
        public Tensor logical_not() => throw null!;
        public Tensor bitwise_and_(Tensor other) => throw null!;
        public Tensor bitwise_or_(Tensor other) => throw null!;
        public Tensor bitwise_xor(Tensor other) => throw null!;
        public Tensor bitwise_xor_(Tensor other) => throw null!;
        public Tensor bitwise_right_shift(Tensor other) => throw null!;
        public Tensor masked_fill(Tensor mask, Scalar value) => throw null!;

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => throw null!;
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => throw null!;
        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) => throw null!;
        public Tensor argmax(long dim, bool keepdim = false) => throw null!;
        public Tensor cumsum(long dim, ScalarType? type = null) => throw null!;
        public Tensor softmax(long dim, ScalarType? dtype = null) => throw null!;
        public Tensor logsumexp(long dim, bool keepdim = false) => throw null!;

        public Tensor mm(Tensor target) => throw null!;
        public Tensor bmm(Tensor batch2) => throw null!;
        public Tensor index_select(long dim, Tensor index) => throw null!;
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => throw null!;
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => throw null!;
    }
}
