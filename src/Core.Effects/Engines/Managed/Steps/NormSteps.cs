using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Layer normalisation of rows.</summary>
internal sealed unsafe class LayerNormStep(LayerNorm kind, PlanStep.Fused s, Address at) : Step
{
    readonly Rows work = new((float*)at(s.Inputs[0]), Optional.At(s.Inputs, 1, at), Optional.At(s.Inputs, 2, at), (float)kind.Epsilon,
        Optional.At(s.Outputs[0], at), Optional.At(s.Outputs[1], at), Optional.At(s.Outputs[2], at),
        (int)(new TensorType(s.Inputs[0].Shape).Size / s.Inputs[0].Shape[^1]), s.Inputs[0].Shape[^1]);

    public override long WorkspaceBytes => work.WorkspaceBytes;

    public override void Run(ManagedEngine engine) => work.Run(engine);

    sealed class Rows(float* x, float* weight, float* bias, float eps, float* y, float* mean, float* rstd, int rows, int width) : Work
    {
        float* result;

        // When only the statistics are asked for, the normalised rows go to the workspace.
        public long WorkspaceBytes => y == null ? (long)rows * width * sizeof(float) : 0;

        public void Run(ManagedEngine engine)
        {
            result = y == null ? (float*)engine.Workspace : y;
            engine.Team.Run(this, NormKernels.Chunks(rows));
        }

        public override void Run(int task, int worker) =>
            NormKernels.LayerNorm(x, weight, bias, eps, result, mean, rstd, width, task * NormKernels.RowChunk,
                Math.Min(rows, (task + 1) * NormKernels.RowChunk));
    }
}

/// <summary>The gradient of layer normalisation; the parameters' gradients are summed over chunks of rows, then over the chunks.</summary>
internal sealed unsafe class LayerNormGradientStep(PlanStep.Fused s, Address at) : Step
{
    readonly Rows work = new((float*)at(s.Inputs[0]), Optional.At(s.Inputs, 4, at), (float*)at(s.Inputs[1]), (float*)at(s.Inputs[2]), (float*)at(s.Inputs[3]),
        Optional.At(s.Outputs[0], at), s.Outputs.Count > 1 ? Optional.At(s.Outputs[1], at) : null, s.Outputs.Count > 2 ? Optional.At(s.Outputs[2], at) : null,
        (int)(new TensorType(s.Inputs[0].Shape).Size / s.Inputs[0].Shape[^1]), s.Inputs[0].Shape[^1]);

    public override long WorkspaceBytes => work.WorkspaceBytes;

    public override void Run(ManagedEngine engine) => work.Run(engine);

    sealed class Rows(float* x, float* weight, float* mean, float* rstd, float* dy, float* dx, float* dw, float* db, int rows, int width) : Work
    {
        float* target, weights, biases;

        int Chunks => NormKernels.Chunks(rows);

        public long WorkspaceBytes => ((dx == null ? (long)rows * width : 0) + 2L * Chunks * width) * sizeof(float);

        public void Run(ManagedEngine engine)
        {
            weights = dw == null ? null : (float*)engine.Workspace;
            biases = db == null ? null : (float*)engine.Workspace + (long)Chunks * width;
            target = dx == null ? (float*)engine.Workspace + 2L * Chunks * width : dx;
            engine.Team.Run(this, Chunks);
            if (dw != null) ReduceKernels.CombineColumns(weights, Chunks, width, dw);
            if (db != null) ReduceKernels.CombineColumns(biases, Chunks, width, db);
        }

        public override void Run(int task, int worker) =>
            NormKernels.LayerNormBackward(x, weight, mean, rstd, dy, target, weights, biases, rows, width, task);
    }
}

/// <summary>Addresses of what may be absent: null then.</summary>
internal static unsafe class Optional
{
    public static float* At(Vec<View> views, int index, Address at) => index < views.Count ? (float*)at(views[index]) : null;

    public static float* At(View? view, Address at) => view is { } v ? (float*)at(v) : null;
}
