using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines;

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
        kernels = [.. plan.Steps.Select(s => s is EagerStep.Compute c ? (TorchKernels.Of(c, engine.Context), new TorchFrame(c)) : default((TorchKernel?, TorchFrame?)))];
        using var passing = TorchSharp.torch.NewDisposeScope();
        constants = plan.Constants.ToDictionary(static c => c.Slot, c => Constant(c.Node).DetachFromDisposeScope());
    }

    public Program Program => plan.Program;

    public long WorkspaceBytes => plan.PeakBytes;

    public IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers)
    {
        if (buffers.Keys.FirstOrDefault(name => !Program.Inputs.Concat(Program.Outputs).Any(n => n.Name == name)) is { } unknown)
            throw new ArgumentException($"'{unknown}' is neither an input nor an output of the program.");
        var inputs = Program.Inputs.ToDictionary(static i => i.Name, i => Given(buffers, i) ?? throw new ArgumentException($"input '{i.Name}' {i.Value.Type} has no buffer."));
        var donors = Program.Donations.ToDictionary(static d => d.Output, static d => d.Input);
        var (outputs, own) = (new Dictionary<string, TorchBuffer>(), new List<TorchBuffer>());
        try
        {
            foreach (var output in Program.Outputs)
            {
                var buffer = donors.TryGetValue(output.Name, out var donor) ? inputs[donor] : inputs.ContainsKey(output.Name) ? null : Given(buffers, output);
                if (buffer is null) own.Add(buffer = (TorchBuffer)engine.Allocate(output.Value.Type));
                outputs[output.Name] = buffer;
            }
        }
        catch
        {
            foreach (var buffer in own) buffer.Dispose();
            throw;
        }
        return new TorchBinding(engine, plan, kernels, constants, inputs, outputs, own);
    }

    public void Dispose()
    {
        foreach (var constant in constants.Values) constant.Dispose();
    }

    TorchBuffer? Given(IReadOnlyDictionary<string, IBuffer> buffers, Named named) => !buffers.TryGetValue(named.Name, out var buffer) ? null
        : buffer is not TorchBuffer mine || mine.Engine != engine ? throw new ArgumentException($"the buffer of '{named.Name}' is another engine's.")
        : mine.Type != named.Value.Type ? throw new ArgumentException($"'{named.Name}' is {named.Value.Type}, but its buffer is {mine.Type}.")
        : mine;

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
