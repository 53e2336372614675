using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Data;

using Place = Functional.Data.Place;

/// <summary>What a policy has written to learn from.</summary>
public sealed class ExperienceLaws
{
    static Experience Of(int rows, int epochs, ulong seed)
    {
        var experience = new Experience(rows, Params.Of(("inputs", new TensorType([1, 2], DType.I32)), ("worth", new TensorType([1]))), epochs, Key.Seed(seed));
        for (var row = 0; row < rows; row++)
        {
            new[] { row, -row }.CopyTo(experience.Written.Ints("inputs", row));
            experience.Written.Floats("worth", row)[0] = row + 0.5f;
        }
        return experience;
    }

    /// <summary>Each row comes once a pass, all its tensors together, whatever the batches are; and passes and rounds have orders of their own.</summary>
    [Property(MaxTest = 40)]
    public void Each_row_comes_once_a_pass(byte some, byte passes, byte of, ulong seed)
    {
        var (batchRows, epochs) = (1 + of % 3, 1 + passes % 3);
        var rows = batchRows * (2 + some % 5);
        var (experience, place) = (Of(rows, epochs, seed), default(Place));
        var orders = new List<string>();
        for (var round = 0; round < 2; round++)
        {
            for (var pass = 0; pass < epochs; pass++)
            {
                var seen = new List<int>();
                for (var done = 0; done < rows; done += batchRows)
                {
                    Assert.Equal(round, place.Round);
                    var batch = new Batch(batchRows, experience.Feed(batchRows));
                    experience.Fill(place, 0, batch);
                    for (var row = 0; row < batchRows; row++)
                    {
                        Assert.Equal([batch.Ints("inputs", row)[0], -batch.Ints("inputs", row)[0]], batch.Ints("inputs", row).ToArray());
                        Assert.Equal(batch.Ints("inputs", row)[0] + 0.5f, batch.Floats("worth", row)[0]);
                        seen.Add(batch.Ints("inputs", row)[0]);
                    }
                    place = experience.After(place, batchRows);
                }
                Assert.Equal(Enumerable.Range(0, rows), seen.Order());
                orders.Add(string.Join(' ', seen));
            }
        }
        Assert.Equal(new Place(2, 0), place);
        if (rows > 6) Assert.Equal(orders.Count, orders.Distinct().Count());
    }

    /// <summary>Only the answer's own tokens are learned, each from the place before it.</summary>
    [Property(MaxTest = 40)]
    public void A_rollout_is_learned_from_its_answer(byte before, byte own, byte more)
    {
        var (start, length, room) = (1 + before % 5, own % 6, more % 4);
        var rollout = new Rollout(0, [.. Enumerable.Range(10, start + length)], start, [], true, 1);
        var (inputs, labels) = (new int[start + length + room], new int[start + length + room]);
        inputs.AsSpan().Fill(7);
        rollout.Write(inputs, labels);
        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.Equal(i < start + length ? 10 + i : 0, inputs[i]);
            Assert.Equal(i + 1 >= start && i + 1 < start + length ? 11 + i : -100, labels[i]);
        }
    }

    /// <summary>A round asks other prompts than the last, until all were asked.</summary>
    [Property(MaxTest = 30)]
    public void Prompts_come_once_a_pass(byte some, byte each, ulong seed)
    {
        var (count, prompts) = (2 + some % 9, 1 + each % 4);
        var practice = new Practice([.. Enumerable.Range(0, count).Select(static i => (Vec<int>)[i])], [], new(prompts, 2, 3, new(), new([], []), ByteTokenizer.Instance), Of(1, 1, 0),
            static (_, _) => { });
        var asked = Enumerable.Range(0, 3 * count).SelectMany(round => practice.Asked((long)round * prompts, prompts, Key.Seed(seed))).ToArray();
        for (var pass = 0; (pass + 1) * count <= asked.Length; pass++) Assert.Equal(Enumerable.Range(0, count), asked.Skip(pass * count).Take(count).Order());
    }
}
