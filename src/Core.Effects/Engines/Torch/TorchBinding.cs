using Functional.Compiling;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>A plan on its buffers. A run leaves no tensor behind but those of the buffers.</summary>
sealed class TorchBinding(
    TorchEngine engine, EagerPlan plan, (TorchKernel? Kernel, TorchFrame? Frame)[] kernels, Dictionary<int, TorchTensor> constants,
    BoundBuffers<TorchBuffer> buffers) : IBinding
{
    // Tensors and tapes by slot.
    readonly IDisposable?[] values = new IDisposable?[plan.Slots];
    readonly System.Collections.Generic.HashSet<int> lent = [.. plan.Inputs, .. plan.Constants.Select(static c => c.Slot)];

    public IBuffer this[string name] => buffers[name];

    public void Run() => engine.Guarded(() =>
    {
        using var plain = torch.no_grad();
        try
        {
            for (var i = 0; i < plan.Inputs.Count; i++) values[plan.Inputs[i]] = buffers.Input(plan.Program.Inputs[i].Name).Tensor;
            foreach (var (slot, tensor) in constants) values[slot] = tensor;
            for (var i = 0; i < plan.Steps.Count; i++) Do(plan.Steps[i], kernels[i].Kernel, kernels[i].Frame);
        }
        finally
        {
            for (var slot = 0; slot < values.Length; slot++) Free(slot);
        }
        return true;
    });

    void Do(EagerStep step, TorchKernel? kernel, TorchFrame? frame)
    {
        switch (step)
        {
            case EagerStep.Compute c:
                Compute(c, kernel!, frame!);
                break;
            case EagerStep.Copy c:
                values[c.To] = Tensor(c.From)!.clone().DetachFromDisposeScope();
                break;
            case EagerStep.Store s:
                using (torch.NewDisposeScope()) buffers.Output(s.Output).Tensor.copy_(Tensor(s.Slot)!);
                break;
            case EagerStep.Free f:
                Free(f.Slot);
                break;
        }
    }

    void Compute(EagerStep.Compute step, TorchKernel kernel, TorchFrame frame)
    {
        using var passing = torch.NewDisposeScope();
        for (var i = 0; i < step.Args.Count; i++) frame.Args[i] = step.Args[i] < 0 ? null : Tensor(step.Args[i]);
        frame.Tape = step.Takes < 0 ? null : (TorchTape)values[step.Takes]!;
        try
        {
            kernel(frame);
        }
        finally
        {
            // After an error too: what has a slot is given back with the run.
            if (step.Keeps >= 0) values[step.Keeps] = frame.Tape;
        }
        for (var i = 0; i < step.Results.Count; i++)
            if (step.Results[i] >= 0) values[step.Results[i]] = step.Overwrites >= 0 ? frame.Results[i] : frame.Results[i]!.DetachFromDisposeScope();
        // The same tensor goes on under the result's number; when it lies in a donated buffer, it stays the buffer's.
        if (step.Overwrites >= 0)
        {
            if (lent.Contains(step.Args[step.Overwrites])) lent.Add(step.Results[0]);
            values[step.Args[step.Overwrites]] = null;
        }
        System.Array.Clear(frame.Args);
        System.Array.Clear(frame.Results);
        frame.Tape = null;
    }

    TorchTensor? Tensor(int slot) => (TorchTensor?)values[slot];

    void Free(int slot)
    {
        if (!lent.Contains(slot)) values[slot]?.Dispose();
        values[slot] = null;
    }

    public void Dispose() => buffers.Dispose();
}
