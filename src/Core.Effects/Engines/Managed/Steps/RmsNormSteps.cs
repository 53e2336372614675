using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Root-mean-square normalisation of rows.</summary>
internal sealed unsafe class RmsNormStep(RmsNorm kind, PlanStep.Fused s, Address at) : Step
{
    readonly Rows work = new((float*)at(s.Inputs[0]), Optional.At(s.Inputs, 1, at), (float)kind.Epsilon, Optional.At(s.Outputs[0], at),
        Optional.At(s.Outputs[1], at), (int)(new TensorType(s.Inputs[0].Shape).Size / s.Inputs[0].Shape[^1]), s.Inputs[0].Shape[^1]);

    public override long WorkspaceBytes => work.WorkspaceBytes;

    public override void Run(ManagedEngine engine) => work.Run(engine);

    sealed class Rows(float* x, float* weight, float eps, float* y, float* scale, int rows, int width) : Work
    {
        float* result;

        // When only the scales are asked for, the normalised rows go to the workspace.
        public long WorkspaceBytes => y == null ? (long)rows * width * sizeof(float) : 0;

        public void Run(ManagedEngine engine)
        {
            result = y == null ? (float*)engine.Workspace : y;
            engine.Team.Run(this, NormKernels.Chunks(rows));
        }

        public override void Run(int task, int worker) => RmsKernels.Forward(x, weight, eps, result, scale, width, task * NormKernels.RowChunk,
            Math.Min(rows, (task + 1) * NormKernels.RowChunk));
    }
}

/// <summary>The gradient of root-mean-square normalisation; that of the weight is summed over chunks of rows, then over the chunks.</summary>
internal sealed unsafe class RmsNormGradientStep(PlanStep.Fused s, Address at) : Step
{
    readonly Rows work = new((float*)at(s.Inputs[0]), Optional.At(s.Inputs, 3, at), (float*)at(s.Inputs[1]), (float*)at(s.Inputs[2]),
        Optional.At(s.Outputs[0], at), s.Outputs.Count > 1 ? Optional.At(s.Outputs[1], at) : null,
        (int)(new TensorType(s.Inputs[0].Shape).Size / s.Inputs[0].Shape[^1]), s.Inputs[0].Shape[^1]);

    public override long WorkspaceBytes => work.WorkspaceBytes;

    public override void Run(ManagedEngine engine) => work.Run(engine);

    sealed class Rows(float* x, float* weight, float* scale, float* dy, float* dx, float* dw, int rows, int width) : Work
    {
        float* target, weights;

        int Chunks => NormKernels.Chunks(rows);

        public long WorkspaceBytes => ((dx == null ? (long)rows * width : 0) + (long)Chunks * width) * sizeof(float);

        public void Run(ManagedEngine engine)
        {
            weights = dw == null ? null : (float*)engine.Workspace;
            target = dx == null ? (float*)engine.Workspace + (long)Chunks * width : dx;
            engine.Team.Run(this, Chunks);
            if (dw != null) ReduceKernels.CombineColumns(weights, Chunks, width, dw);
        }

        public override void Run(int task, int worker) => RmsKernels.Backward(x, weight, scale, dy, target, weights, rows, width, task);
    }
}
