using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>
/// A function whose evaluation TorchSharp recorded, for where its automatic differentiation is the only way to a fused backward kernel.
/// </summary>
sealed class TorchTape : IDisposable
{
    readonly TorchTensor[] leaves;

    TorchTape(TorchTensor[] leaves, TorchTensor output) => (this.leaves, Output) = (leaves, output);

    /// <summary>The function's value, from which no other gradient may be taken.</summary>
    public TorchTensor Output { get; }

    /// <summary>The first result of a fused op: recorded where its gradient takes that, else only evaluated.</summary>
    public static void Forward(TorchFrame frame, Func<TorchTensor[], TorchTensor> function, TorchTensor[] args)
    {
        if (frame.Keeps) frame.Tape = Record(function, args);
        if (frame.Wants(0)) frame.Results[0] = frame.Tape is { } tape ? tape.Output.detach() : function(args);
    }

    /// <summary>The gradients of a fused op by its arguments: from what its forward step kept, else from the function recorded once more.</summary>
    public static TorchTensor[] Gradients(TorchFrame frame, TorchTensor cotangent, Func<TorchTensor[], TorchTensor> function, TorchTensor[] args)
    {
        using var own = frame.Tape is null ? Record(function, args) : null;
        return (frame.Tape ?? own!).Gradients(cotangent);
    }

    /// <summary>Evaluates a function of tensors, which must keep their values as long as the tape is used.</summary>
    public static TorchTape Record(Func<TorchTensor[], TorchTensor> function, params ReadOnlySpan<TorchTensor> args)
    {
        using var recording = torch.enable_grad();
        var leaves = new TorchTensor[args.Length];
        for (var i = 0; i < leaves.Length; i++) leaves[i] = args[i].detach().requires_grad_();
        // Only what is complete outlives the step: an error before leaves all to the step's scope.
        var output = function(leaves).DetachFromDisposeScope();
        foreach (var leaf in leaves) leaf.DetachFromDisposeScope();
        return new(leaves, output);
    }

    /// <summary>
    /// The gradients of all arguments, given the value's cotangent; to be called once. By TorchSharp's backward, because an error in its
    /// <c>autograd.grad</c> (memory, say) ends the process.
    /// </summary>
    public TorchTensor[] Gradients(TorchTensor cotangent)
    {
        torch.autograd.backward([Output], [cotangent]);
        return [.. leaves.Select(static leaf => leaf.grad!)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Output.Dispose();
        foreach (var leaf in leaves) leaf.Dispose();
    }
}
