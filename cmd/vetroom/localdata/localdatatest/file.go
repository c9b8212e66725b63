// Package localdatatest makes files of the shape of LOCALDATA's register of animal hospitals, which may not be passed
// on itself.
package localdatatest

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/korean"
)

// Head is the head of the file 02_03_01_P.
var Head = strings.Split("번호,개방서비스명,개방서비스아이디,개방자치단체코드,관리번호,인허가일자,인허가취소일자,영업상태구분코드,"+
	"영업상태명,상세영업상태코드,상세영업상태명,폐업일자,휴업시작일자,휴업종료일자,재개업일자,소재지전화,소재지면적,소재지우편번호,"+
	"소재지전체주소,도로명전체주소,도로명우편번호,사업장명,최종수정시점,데이터갱신구분,데이터갱신일자,업태구분명,좌표정보(X),"+
	"좌표정보(Y),업무구분명,상세업무구분명,권리주체일련번호,총직원수", ",")

// Row is one row by the names of its columns. What is absent is empty.
type Row map[string]string

// Open is a hospital in business, as the register writes it.
func Open(number int, name string, x, y float64) Row {
	return Row{
		"번호": fmt.Sprint(number), "개방서비스명": "동물병원", "개방서비스아이디": "02_03_01_P", "개방자치단체코드": "3130000",
		"관리번호": fmt.Sprintf("3130000%012d", number), "인허가일자": "20150302", "영업상태구분코드": "01", "영업상태명": "영업/정상",
		"상세영업상태코드": "0000", "상세영업상태명": "정상", "소재지전화": fmt.Sprintf("02-%04d-%04d", number/10000%10000, number%10000),
		"소재지전체주소": fmt.Sprintf("서울특별시 마포구 서교동 %d번지", number), "도로명전체주소": fmt.Sprintf("서울특별시 마포구 양화로 %d, 1층 (서교동)", number),
		"도로명우편번호": "04044", "사업장명": name, "최종수정시점": "20240105141523", "데이터갱신구분": "I", "데이터갱신일자": "2024-01-07 00:22:01.0",
		"좌표정보(X)": fmt.Sprintf("%.9f    ", x), "좌표정보(Y)": fmt.Sprintf("%.9f    ", y), "총직원수": "0",
	}
}

// Closed is one that is not any more. The register often leaves its coordinates empty.
func Closed(number int, name string) Row {
	r := Open(number, name, 0, 0)
	r["영업상태구분코드"], r["영업상태명"], r["상세영업상태코드"], r["상세영업상태명"] = "03", "폐업", "0002", "폐업"
	r["폐업일자"], r["좌표정보(X)"], r["좌표정보(Y)"] = "20190630", "", ""
	return r
}

// With gives the row with another cell.
func (r Row) With(column, cell string) Row {
	c := Row{}
	for name, value := range r {
		c[name] = value
	}
	c[column] = cell
	return c
}

// UTF8 gives the file.
func UTF8(tb testing.TB, rows ...Row) string { return Write(tb, Head, rows) }

// CP949 gives the file as it is published.
func CP949(tb testing.TB, rows ...Row) string {
	tb.Helper()
	encoded, err := korean.EUCKR.NewEncoder().String(UTF8(tb, rows...))
	if err != nil {
		tb.Fatal(err)
	}
	return encoded
}

// Write gives a file of the columns of head.
func Write(tb testing.TB, head []string, rows []Row) string {
	tb.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	all := [][]string{head}
	for _, row := range rows {
		cells := make([]string, len(head))
		for i, name := range head {
			cells[i] = row[name]
		}
		all = append(all, cells)
	}
	if err := w.WriteAll(all); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// Register makes rows of which each fifth is closed, the others spread over the country's land.
func Register(rows int) []Row {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]Row, rows)
	for i := range all {
		name := fmt.Sprintf("동네 %d 동물병원", i)
		if all[i] = Closed(i, name); i%5 != 0 {
			all[i] = Open(i, name, 180_000+random.Float64()*200_000, 150_000+random.Float64()*350_000)
		}
	}
	return all
}

// Shuffled gives the head in another order.
func Shuffled() []string {
	head := slices.Clone(Head)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(head), func(i, j int) { head[i], head[j] = head[j], head[i] })
	return head
}
