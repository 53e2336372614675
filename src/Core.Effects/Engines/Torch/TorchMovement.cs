using Functional.Base;
using Functional.Graphs;
using TorchSharp;

namespace Functional.Engines.Torch;

/// <summary>Kernels that move elements; most give a view.</summary>
static class TorchMovement
{
    public static TorchKernel Reshape(Vec<int> shape)
    {
        var sizes = TorchTypes.Shape(shape);
        return frame => frame.Results[0] = frame[0].reshape(sizes);
    }

    public static TorchKernel Permute(Vec<int> order)
    {
        var axes = TorchTypes.Shape(order);
        return frame => frame.Results[0] = frame[0].permute(axes);
    }

    public static TorchKernel Broadcast(Vec<int> shape)
    {
        var sizes = TorchTypes.Shape(shape);
        return frame => frame.Results[0] = frame[0].expand(sizes);
    }

    public static void Same(TorchFrame frame) => frame.Results[0] = frame[0].detach();

    public static TorchKernel Slice(Op.Slice op) => frame =>
    {
        var x = frame[0].detach();
        for (var axis = 0; axis < op.Starts.Count; axis++)
            if (x.shape[axis] != op.Lengths[axis]) x = x.narrow(axis, op.Starts[axis], op.Lengths[axis]);
        frame.Results[0] = x;
    };

    public static TorchKernel Pad(Op.Pad op, TensorType type, TorchContext context)
    {
        var shape = TorchTypes.Shape(type.Shape);
        return frame =>
        {
            var all = torch.zeros(shape, TorchTypes.Of(type.DType), context.Device);
            var inside = all;
            for (var axis = 0; axis < op.Before.Count; axis++) inside = inside.narrow(axis, op.Before[axis],
                type.Shape[axis] - op.Before[axis] - op.After[axis]);
            inside.copy_(frame[0]);
            frame.Results[0] = all;
        };
    }

    // Of one tensor, TorchSharp gives that tensor itself.
    public static TorchKernel Concat(int axis) => frame => frame.Results[0] = frame.Args.Length == 1 ? frame[0].clone() : torch.cat(frame.Args!, axis);
}
