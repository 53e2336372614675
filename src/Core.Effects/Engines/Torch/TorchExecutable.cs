using Functional.Compiling;
using Functional.Graphs;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>An eager plan with its kernels and constants.</summary>
sealed class TorchExecutable : IExecutable
{
    readonly TorchEngine engine;
    readonly EagerPlan plan;
    readonly (TorchKernel? Kernel, TorchFrame? Frame)[] kernels;
    readonly Dictionary<int, TorchTensor> constants;

    public TorchExecutable(TorchEngine engine, EagerPlan plan)
    {
        (this.engine, this.plan) = (engine, plan);
        kernels = [.. plan.Steps.Select(s => s is EagerStep.Compute c ? (TorchKernels.Of(c, engine.Context), new TorchFrame(c))
            : default((TorchKernel?, TorchFrame?)))];
        using var passing = TorchSharp.torch.NewDisposeScope();
        constants = plan.Constants.ToDictionary(static c => c.Slot, c => Constant(c.Node).DetachFromDisposeScope());
    }

    public Program Program => plan.Program;

    public long WorkspaceBytes => plan.PeakBytes;

    public IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers) => new TorchBinding(engine, plan, kernels, constants,
        BoundBuffers<TorchBuffer>.Of(Program, buffers, type => (TorchBuffer)engine.Allocate(type), mine => mine.Engine == engine));

    public void Dispose()
    {
        foreach (var constant in constants.Values) constant.Dispose();
    }

    // One number, or one ramp, seen as a whole tensor.
    TorchTensor Constant(Tensor node)
    {
        var shape = TorchTypes.Shape(node.Shape);
        if (node.Op is Op.Fill fill) return TorchTypes.Full(fill.Value, node.DType, engine.Context.Device).expand(shape);
        var axis = ((Op.Iota)node.Op).Axis;
        long[] along = [.. shape.Select((d, i) => i == axis ? d : 1)];
        return TorchTypes.Range(shape[axis], engine.Context.Device).reshape(along).expand(shape);
    }
}
