using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// Cross-entropy over rows. A row is walked in blocks that stay in the first-level cache:
/// each block is exponentiated against its own maximum, and one later pass rescales, so that a vocabulary-sized
/// row takes one exponential an element and crosses the outer caches twice.
/// </summary>
internal static unsafe class SoftmaxKernels
{
    /// <summary>The label that counts for nothing.</summary>
    public const int Ignored = -100;

    const int Block = 2048;

    /// <summary>
    /// Cross-entropy of logits [rows, vocabulary], rows [first, end): nll[row] = (1 - s) (lse - logit[label]) + s (lse - mean(logits)),
    /// s the smoothing; and, over the logits, its gradient times <paramref name="scale"/>. Rows labelled -100 give 0 and a zero gradient
    /// whatever they hold. A label outside [0, vocabulary) throws.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CrossEntropy(float* logits, int* labels, float smoothing, float scale, float* nll, int vocabulary, int first, int end)
    {
        var blocks = (vocabulary + Block - 1) / Block;
        var maxima = stackalloc float[blocks];
        for (var row = first; row < end; row++)
        {
            var p = logits + (long)row * vocabulary;
            var label = labels[row];
            if (label == Ignored)
            {
                nll[row] = 0f;
                new Span<float>(p, vocabulary).Clear();
                continue;
            }
            CheckLabel(label, vocabulary);
            var target = p[label];
            var mean = smoothing == 0f ? 0.0 : Mean(p, vocabulary);
            var (max, sum) = Exponentiate(p, p, vocabulary, maxima);
            // The difference from the maximum is exact where lse itself would round.
            var log = MathF.Log(sum);
            nll[row] = (1f - smoothing) * (max - target + log) + (smoothing == 0f ? 0f : smoothing * ((float)(max - mean) + log));
            var uniform = scale * smoothing / vocabulary;
            for (var b = 0; b < blocks; b++)
                Multiply(p + b * Block, Math.Min(Block, vocabulary - b * Block), scale * Factor(maxima[b], max) / sum, -uniform);
            p[label] -= scale * (1f - smoothing);
        }
    }

    /// <summary>The losses alone, as <see cref="CrossEntropy"/>; the logits stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CrossEntropyLoss(float* logits, int* labels, float smoothing, float* nll, int vocabulary, int first, int end)
    {
        for (var row = first; row < end; row++)
        {
            var p = logits + (long)row * vocabulary;
            var label = labels[row];
            nll[row] = 0f;
            if (label == Ignored) continue;
            CheckLabel(label, vocabulary);
            var (max, sum) = (float.NegativeInfinity, 0f);
            for (var at = 0; at < vocabulary; at += Block)
            {
                var count = Math.Min(Block, vocabulary - at);
                var m = MathF.Max(MaxOf(p + at, count), float.MinValue);
                (max, sum) = Join(max, sum, m, Exponentials(p + at, null, count, m));
            }
            var log = MathF.Log(sum);
            nll[row] = (1f - smoothing) * (max - p[label] + log) + (smoothing == 0f ? 0f : smoothing * ((float)(max - Mean(p, vocabulary)) + log));
        }
    }

    static void CheckLabel(int label, int vocabulary)
    {
        if ((uint)label >= (uint)vocabulary)
            throw new ArgumentException($"label {label} is outside the vocabulary [0, {vocabulary}) and is not {Ignored}", nameof(label));
    }

    /// <summary>y = e^(x - maximum of its block), the maxima of the blocks, the row's maximum and the sum of e^(x - that).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static (float Max, float Sum) Exponentiate(float* x, float* y, int n, float* maxima)
    {
        var (max, sum) = (float.NegativeInfinity, 0f);
        for (var (b, at) = (0, 0); at < n; b++, at += Block)
        {
            var count = Math.Min(Block, n - at);
            // A block of only -inf must give zeros, not -inf - -inf.
            var m = MathF.Max(MaxOf(x + at, count), float.MinValue);
            maxima[b] = m;
            (max, sum) = Join(max, sum, m, Exponentials(x + at, y + at, count, m));
        }
        return (max, sum);
    }

    static (float Max, float Sum) Join(float max, float sum, float blockMax, float blockSum) =>
        sum == 0f ? (blockMax, blockSum)
        : blockMax > max ? (blockMax, sum * MathF.Exp(max - blockMax) + blockSum)
        : (max, sum + blockSum * MathF.Exp(blockMax - max));

    // Most rows are one block, which is its own maximum.
    static float Factor(float blockMax, float max) => blockMax == max ? 1f : MathF.Exp(blockMax - max);

    static double Mean(float* x, int n)
    {
        var sum = 0.0;
        for (var at = 0; at < n; at += Block) sum += ReduceKernels.Sum(x + at, Math.Min(Block, n - at));
        return sum / n;
    }

    /// <summary>The maximum, NaN aside: a NaN reaches the result through its exponential.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float MaxOf(float* x, int n)
    {
        var a = Lanes.All(float.NegativeInfinity);
        var (b, c, d) = (a, a, a);
        var i = 0;
        for (; i <= n - 64; i += 64)
        {
            a = Vector512.MaxNative(Lanes.Load(x + i), a);
            b = Vector512.MaxNative(Lanes.Load(x + i + 16), b);
            c = Vector512.MaxNative(Lanes.Load(x + i + 32), c);
            d = Vector512.MaxNative(Lanes.Load(x + i + 48), d);
        }
        for (; i < n; i += 16) a = Vector512.MaxNative(Lanes.LoadFirst(x + i, Math.Min(16, n - i), float.NegativeInfinity), a);
        return Lanes.Max(Vector512.MaxNative(Vector512.MaxNative(a, b), Vector512.MaxNative(c, d)));
    }

    /// <summary>y = e^(x - max) unless y is null; the sum either way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Exponentials(float* x, float* y, int n, float max)
    {
        var m = Lanes.All(max);
        var (a, b) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var i = 0;
        for (; i <= n - 32; i += 32)
        {
            var u = VectorMath.Exp(Lanes.Load(x + i) - m);
            var v = VectorMath.Exp(Lanes.Load(x + i + 16) - m);
            if (y != null)
            {
                Lanes.Store(y + i, u);
                Lanes.Store(y + i + 16, v);
            }
            a += u;
            b += v;
        }
        for (; i < n; i += 16)
        {
            var count = Math.Min(16, n - i);
            var u = VectorMath.Exp(Lanes.LoadFirst(x + i, count, float.NegativeInfinity) - m);
            if (y != null) Lanes.StoreFirst(y + i, u, count);
            a += u;
        }
        return Lanes.Sum(a + b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Multiply(float* y, int n, float factor, float shift = 0f)
    {
        var (f, s) = (Lanes.All(factor), Lanes.All(shift));
        var i = 0;
        for (; i <= n - 16; i += 16) Lanes.Store(y + i, Lanes.Fma(Lanes.Load(y + i), f, s));
        if (i < n) Lanes.StoreFirst(y + i, Lanes.Fma(Lanes.LoadFirst(y + i, n - i, 0f), f, s), n - i);
    }

    /// <summary>The entropy in nats of softmax(x [n]), and ln Σ p².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Entropy, float LogSquares) Spread(float* x, int n)
    {
        var max = MathF.Max(MaxOf(x, n), float.MinValue);
        var m = Lanes.All(max);
        // Sums of blocks, so that a large vocabulary loses no digits.
        var (sum, weighted, squares) = (0.0, 0.0, 0.0);
        for (var at = 0; at < n; at += Block)
        {
            var (a, b, c) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            for (var (i, end) = (at, Math.Min(n, at + Block)); i < end; i += 16)
            {
                var below = Lanes.LoadFirst(x + i, Math.Min(16, end - i), -1e30f) - m;
                var e = VectorMath.Exp(below);
                a += e;
                b += below * e;
                c += e * e;
            }
            (sum, weighted, squares) = (sum + Lanes.Sum(a), weighted + Lanes.Sum(b), squares + Lanes.Sum(c));
        }
        return ((float)(Math.Log(sum) - weighted / sum), (float)(Math.Log(squares) - 2 * Math.Log(sum)));
    }

    /// <summary>x = cap · tanh(x / cap); slopes [n] its derivative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Cap(float* x, float cap, float* slopes, int n)
    {
        for (var i = 0; i < n; i += 16)
        {
            var count = Math.Min(16, n - i);
            var t = VectorMath.Tanh(Lanes.LoadFirst(x + i, count, 0f) * Lanes.All(1 / cap));
            Lanes.StoreFirst(x + i, t * cap, count);
            Lanes.StoreFirst(slopes + i, Lanes.All(1f) - t * t, count);
        }
    }

    /// <summary>x = x ∘ y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, float* y, int n)
    {
        for (var i = 0; i < n; i += 16)
        {
            var count = Math.Min(16, n - i);
            Lanes.StoreFirst(x + i, Lanes.LoadFirst(x + i, count, 0f) * Lanes.LoadFirst(y + i, count, 0f), count);
        }
    }
}
