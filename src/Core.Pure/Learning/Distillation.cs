using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>How a student learns what a teacher expects.</summary>
public sealed record DistillOptions
{
    /// <summary>Which divergence of teacher P and student Q, in [0, 1]; see <see cref="Distillation.Divergence"/>.</summary>
    public double Beta { get; init; } = 0.5;

    /// <summary>What the logits of both are divided by, above 0; the divergence is not multiplied by its square.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>What the cross-entropy of the rows' own tokens counts beside the divergence, 0 or more (Hinton et al. 2015).</summary>
    public double AnswerWeight { get; init; }
}

/// <summary>A student learns a teacher's distributions (GKD; Agarwal et al. 2024).</summary>
public static class Distillation
{
    /// <summary>
    /// How far a student Q is from a teacher P at each place, in nats: with β = 0 it is KL(P ‖ Q), which asks the student to cover all that the teacher does; with
    /// β = 1 KL(Q ‖ P), which asks it to do nothing that the teacher would not; between them β KL(P ‖ M) + (1 − β) KL(Q ‖ M) with M = β P + (1 − β) Q, the
    /// generalised Jensen–Shannon divergence, which is bounded. No gradient goes to the teacher.
    /// </summary>
    /// <param name="teacher">Logits, <c>[…, vocabulary]</c>.</param>
    /// <param name="student">Logits of the same shape.</param>
    /// <param name="beta">In [0, 1].</param>
    public static Tensor Divergence(Tensor teacher, Tensor student, double beta)
    {
        var (p, q) = (teacher.StopGradient().LogSoftmax(), student.LogSoftmax());
        Tensor Expected(Tensor log, Tensor of) => (log.Exp() * of).Sum(-1).Reshape([.. student.Shape.SkipLast(1)]);
        if (beta == 0) return Expected(p, p - q);
        if (beta == 1) return Expected(q, q - p);
        var (a, b) = (p + Math.Log(beta), q + Math.Log(1 - beta));
        // As log-sum-exp: both may be too small for their exponentials.
        var most = a.Max(b).StopGradient();
        var m = most + ((a - most).Exp() + (b - most).Exp()).Log();
        return Expected(p, p - m) * beta + Expected(q, q - m) * (1 - beta);
    }

    /// <summary>
    /// To expect what a teacher expects at each token that is learned: the mean of <see cref="Divergence"/> over labels that are not −100. In training the
    /// cross-entropy of the labels counts beside it as the options say, and what the model's layers add; the divergence alone is what is measured, with how likely the student
    /// finds the labels, <c>cross-entropy</c>, beside it. All logits of a batch are in memory, of both.
    /// </summary>
    /// <param name="student">What learns.</param>
    /// <param name="teacher">What it learns from; of the same tokens.</param>
    /// <param name="batch">The shape of <c>inputs</c> and <c>labels</c>, both <c>i32[rows, time]</c>.</param>
    /// <param name="options">How.</param>
    /// <param name="texts">Whether a row may hold several texts, as of <see cref="Objectives.NextToken"/>.</param>
    /// <exception cref="ArgumentException">The two have not the same number of tokens.</exception>
    public static Objective Of(Model student, Model teacher, BatchShape batch, DistillOptions options, bool texts = false)
    {
        if (student.Outputs != teacher.Outputs) throw new ArgumentException($"a teacher of {teacher.Outputs} tokens has no distribution for a student of {student.Outputs}.", nameof(teacher));
        return new([new("", student), new(Teacher, teacher) { Learns = false }], texts ? batch.Feed.Add("starts", batch.Tokens) : batch.Feed, scene =>
        {
            Env Of(string part) => texts ? scene.Of(part) with { Starts = scene["starts"] } : scene.Of(part);
            Tensor Rows(Tensor logits) => logits.Reshape(-1, logits.Shape[^1]);
            var (read, labels) = (student.Logits(Of(""), scene["inputs"]), scene["labels"].Reshape(-1));
            var (own, taught) = (Rows(read.Value), Rows(teacher.Logits(Of(Teacher), scene["inputs"]).Value));
            var counts = LinearCrossEntropy.Counts(labels);
            var each = Divergence(taught / options.Temperature, own / options.Temperature, options.Beta);
            var divergence = new WeightedSum(counts.Where(each, each.Like(0)).SumAll(), Losses.LabelCount(labels));
            var answers = Losses.CrossEntropy(own, labels);
            var total = scene.Training && options.AnswerWeight > 0 ? divergence with { Sum = divergence.Sum + answers.Sum * options.AnswerWeight } : divergence;
            return Losses.WithAuxiliary(new Loss(total).With("cross-entropy", answers), scene.Training ? read.Side : [], "divergence");
        });
    }

    /// <summary>What the teacher is called among the objective's parts.</summary>
    public const string Teacher = "teacher";
}
